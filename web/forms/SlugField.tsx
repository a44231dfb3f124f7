import { Button, Group, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { valueAt } from "../../json/pointer.ts";
import { fallbackSlug, needsTransliteration, suggestSlug } from "../format/slug.ts";
import { TextField } from "./basicFields.tsx";
import { type FieldProps, textOf } from "./FieldProps.ts";

const TITLE_POINTER = "/basics/title";

export function SlugField(props: FieldProps) {
  const { pointer, value, state, readOnly, onChange } = props;
  const slug = textOf(value);
  const suggested = useSuggestion(textOf(valueAt(state, TITLE_POINTER)));
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

/** The suggested address for a title of any script. Undefined without a title, and while the transliteration is loaded. */
function useSuggestion(title: string): string | undefined {
  const [fallback] = useState(() => fallbackSlug());
  const [latin, setLatin] = useState<{ readonly title: string; readonly text: string }>();
  const needed = needsTransliteration(title);
  useEffect(() => {
    if (!needed) return;
    let current = true;
    import("../format/transliterate.ts").then(
      ({ transliterate }) => current && setLatin({ title, text: transliterate(title) }),
      // Offline, for example: the fallback is suggested.
      () => current && setLatin({ title, text: "" }),
    );
    return () => {
      current = false;
    };
  }, [title, needed]);
  if (title === "" || (needed && latin?.title !== title)) return undefined;
  return suggestSlug(needed ? (latin?.text ?? "") : title) ?? fallback;
}
