import { Button, Group, Loader, Stack, Text, Textarea } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { emptyToUndefined } from "./basicFields.tsx";
import { type FieldProps, inputProps, OWN_DIRECTION, textOf } from "./FieldProps.ts";
import classes from "./fields.module.css";

const Markdown = lazy(() => import("../pages/Markdown.tsx"));

export function MarkdownField(props: FieldProps) {
  const { pointer, value, schema, onChange } = props;
  const [previewed, setPreviewed] = useState(false);
  const text = textOf(value);
  return (
    <Stack gap="xs">
      <Textarea
        {...inputProps(props)}
        attributes={OWN_DIRECTION}
        autosize
        minRows={8}
        maxRows={24}
        value={text}
        onChange={(event) => onChange(pointer, emptyToUndefined(event.currentTarget.value))}
      />
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed">
          Markdown: **bold**, *italic*, # heading, - list, [link](https://…)
        </Text>
        <Button variant="light" size="compact-sm" aria-expanded={previewed} onClick={() => setPreviewed(!previewed)}>
          {previewed ? "Hide preview" : "Show preview"}
        </Button>
      </Group>
      {previewed && (
        <section aria-label={`Preview: ${schema.title}`} className={classes.markdown}>
          <Suspense fallback={<Loader size="sm" aria-label="Loading" />}>
            <Markdown text={text} />
          </Suspense>
        </section>
      )}
    </Stack>
  );
}
