import { buildPage } from "../page/build.ts";
import { runCommand } from "../runCommand.ts";

await runCommand(() => buildPage(() => console.log("Building the page …")));
