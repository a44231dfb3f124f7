import { Stack, Text } from "@mantine/core";
import { useState } from "react";
import { valueAt } from "../../json/pointer.ts";
import { FORMATS } from "../../wizard/formats.ts";
import { TextField } from "./basicFields.tsx";
import { type FieldProps, textOf } from "./FieldProps.ts";
import classes from "./fields.module.css";

export function ImageField(props: FieldProps) {
  const url = textOf(props.value);
  const alt = textOf(valueAt(props.state, props.pointer.replace(/Url$/, "Alt")));
  return (
    <Stack gap="xs">
      <TextField {...props} />
      {FORMATS["https-url"]?.isValid(url) && <Preview key={url} url={url} alt={alt || "Preview of the picture"} />}
    </Stack>
  );
}

function Preview({ url, alt }: { readonly url: string; readonly alt: string }) {
  const [failed, setFailed] = useState(false);
  if (failed) {
    return (
      <Text size="sm" role="status">
        The picture can't be loaded from there. Check the address; it may also not allow other pages to show it.
      </Text>
    );
  }
  return (
    <img className={classes.preview} src={url} alt={alt} referrerPolicy="no-referrer" onError={() => setFailed(true)} />
  );
}
