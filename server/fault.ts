/** The former name, until the last files that import it are renamed. */
export { UserError as Fault } from "./userError.ts";
