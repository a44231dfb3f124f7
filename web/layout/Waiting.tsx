import { Center, Loader } from "@mantine/core";

export function Waiting() {
  return (
    <Center py="xl" role="status">
      <Loader aria-hidden="true" />
      <span className="visually-hidden">Loading</span>
    </Center>
  );
}
