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
      {FORMATS["https-url"]?.isValid(url) && <Preview key={url} url={url} alt={alt || "Preview of the image"} />}
    </Stack>
  );
}

function Preview({ url, alt }: { readonly url: string; readonly alt: string }) {
  const [failed, setFailed] = useState(false);
  if (failed) {
    return (
      <Text size="sm" role="status">
        The image can't be loaded. Check the address. The other site may also not allow its images to be shown here.
      </Text>
    );
  }
  return (
    <img className={classes.preview} src={url} alt={alt} referrerPolicy="no-referrer" onError={() => setFailed(true)} />
  );
}
