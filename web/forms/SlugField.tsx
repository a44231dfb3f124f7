import { Button, Group, Stack, Text } from "@mantine/core";
import { valueAt } from "../../json/pointer.ts";
import { suggestSlug } from "../format/slug.ts";
import { TextField } from "./basicFields.tsx";
import { type FieldProps, textOf } from "./FieldProps.ts";

const TITLE_POINTER = "/basics/title";

export function SlugField(props: FieldProps) {
  const { pointer, value, state, readOnly, onChange } = props;
  const slug = textOf(value);
  const suggested = suggestSlug(textOf(valueAt(state, TITLE_POINTER)));
  return (
    <Stack gap={6}>
      <TextField {...props} />
      <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
        {location.origin}/e/{slug || "…"}
      </Text>
      {suggested !== undefined && suggested !== slug && !readOnly && (
        <Group>
          <Button
            variant="light"
            size="compact-sm"
            h="auto"
            mih={26}
            onClick={() => onChange(pointer, suggested)}
            styles={{ label: { whiteSpace: "normal", overflowWrap: "anywhere" } }}
          >
            Use “{suggested}”
          </Button>
        </Group>
      )}
    </Stack>
  );
}
