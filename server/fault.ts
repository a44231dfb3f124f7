/** Something that a person has to put right. Its message says what is wrong and what to do; no stack is shown. */
export class Fault extends Error {
  override readonly name: string = "Fault";
}
