import { Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { valueAt } from "../../json/pointer.ts";
import { currencyDigits, decimalOf, formatMoney, minorOf } from "../format/money.ts";
import { emptyToUndefined } from "./basicFields.tsx";
import { CURRENCY_POINTER } from "./dependentChanges.ts";
import { type FieldProps, inputProps, textOf } from "./FieldProps.ts";

export function NumberField(props: FieldProps) {
  return <Typed props={props} write={textOf} read={numberOf} inputMode="numeric" />;
}

/** Kept in the currency's smallest unit, typed in as people write it. */
export function MoneyField(props: FieldProps) {
  const chosen = valueAt(props.state, CURRENCY_POINTER);
  const currency = typeof chosen === "string" ? chosen : undefined;
  const digits = currencyDigits(currency);
  const example = decimalOf(1250 * 10 ** (digits - 2) || 1250, digits);
  return (
    <Typed
      // Another currency writes the same amount in another way.
      key={digits}
      props={props}
      description={currency ? `In ${currency}, such as ${example}.` : `Such as ${example}. Choose the currency above.`}
      write={(value) =>
        typeof value === "number" && Number.isSafeInteger(value) ? decimalOf(value, digits) : textOf(value)
      }
      read={(text) => minorOf(text, digits)}
      inputMode="decimal"
      suffix={
        typeof props.value === "number" && Number.isSafeInteger(props.value)
          ? formatMoney(props.value, currency)
          : undefined
      }
    />
  );
}

interface TypedProps {
  readonly props: FieldProps;
  readonly description?: string;
  /** The value as it is typed in. */
  readonly write: (value: unknown) => string;
  /** The value of what was typed; undefined for what has none. */
  readonly read: (text: string) => number | undefined;
  readonly inputMode: "numeric" | "decimal";
  readonly suffix?: string | undefined;
}

/** While somebody types, the text stays as it is: "12." is on its way to "12.50". */
function Typed({ props, description, write, read, inputMode, suffix }: TypedProps) {
  const { pointer, value, onChange } = props;
  const [typed, setTyped] = useState<string>();
  const common = inputProps(props);
  return (
    <TextInput
      {...common}
      description={description ?? common.description}
      inputMode={inputMode}
      autoComplete="off"
      value={typed ?? write(value)}
      rightSection={suffix && <Text size="sm" c="dimmed" aria-hidden="true" children={suffix} />}
      rightSectionWidth={suffix ? 120 : undefined}
      onChange={({ currentTarget: { value: text } }) => {
        setTyped(text);
        // What is no number is kept as it is, rather than lost; the server says what is wrong with it.
        onChange(pointer, read(text) ?? emptyToUndefined(text));
      }}
      onBlur={() => setTyped(undefined)}
    />
  );
}

function numberOf(text: string): number | undefined {
  const plain = text.replaceAll(/[\s'’]/g, "");
  return /^-?\d+(?:\.\d+)?$/.test(plain) ? Number(plain) : undefined;
}
