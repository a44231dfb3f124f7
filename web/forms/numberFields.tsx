import { Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { valueAt } from "../../json/pointer.ts";
import { currencyDigits } from "../../wizard/currencies.ts";
import { decimalOf, formatMoney, minorOf } from "../format/money.ts";
import { emptyToUndefined } from "./basicFields.tsx";
import { CURRENCY_POINTER } from "./dependentChanges.ts";
import { type FieldProps, inputProps, textOf } from "./FieldProps.ts";

export function NumberField(props: FieldProps) {
  return <NumericInput props={props} write={textOf} read={numberOf} inputMode="numeric" />;
}

/** An amount, stored in the smallest unit of the currency and typed as a decimal number. */
export function MoneyField(props: FieldProps) {
  const chosen = valueAt(props.state, CURRENCY_POINTER);
  const currency = typeof chosen === "string" ? chosen : undefined;
  const digits = currencyDigits(currency);
  const example = decimalOf(1250 * 10 ** (digits - 2) || 1250, digits);
  return (
    <NumericInput
      // The text of an amount depends on the decimals of the currency.
      key={digits}
      props={props}
      description={
        currency
          ? `In ${currency}, for example ${example}.`
          : `For example ${example}. Choose the currency below the tickets.`
      }
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

interface NumericInputProps {
  readonly props: FieldProps;
  readonly description?: string;
  /** Returns the text of a value. */
  readonly write: (value: unknown) => string;
  /** Parses the typed text. Undefined if it is not a number. */
  readonly read: (text: string) => number | undefined;
  readonly inputMode: "numeric" | "decimal";
  readonly suffix?: string | undefined;
}

/** While the user types, the text is not reformatted: "12." may become "12.50". */
function NumericInput({ props, description, write, read, inputMode, suffix }: NumericInputProps) {
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
        // Text that is not a number is saved too, and the server reports the problem.
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
