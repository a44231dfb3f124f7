import { Center, Loader } from "@mantine/core";

export function Loading() {
  return (
    <Center py="xl" role="status">
      <Loader aria-hidden="true" />
      <span className="visually-hidden">Loading</span>
    </Center>
  );
}
