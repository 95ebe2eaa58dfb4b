import { i as writeReport, l as readState, m as openDoor, n as journalPath, o as readJournal, p as isSilence, r as readReport, t as clearRunDirectory } from "./chunks/run-files.js";
import { existsSync } from "node:fs";

// action/settle-late.ts
/** What `post` does: when the job's process did not live to report, its journal does; then the run's files go. */
/** Says what it did, for the log. Finishing twice changes nothing, so a report whose answer was lost may be repeated. */
async function settleLate() {
	const state = readState();
	if (state.baseDir === "" || !existsSync(state.baseDir)) return void 0;
	let said;
	if (state.finished === "" && state.token !== "" && existsSync(journalPath(state.baseDir))) {
		const written = readReport(state.baseDir);
		const report = written ?? lostReport(journalPath(state.baseDir));
		if (written === void 0) writeReport(state.baseDir, report, "");
		said = `The run's report was not taken; it has ${report.calls.length} model calls.`;
		if (state.appUrl !== "" && state.token !== "") {
			const answer = await openDoor(state.appUrl).finish(state.token, state.runId, report);
			said += !isSilence(answer) && "conclusion" in answer ? " They are settled." : ` They could not be reported: ${answer.message}`;
		}
	}
	clearRunDirectory(state.baseDir);
	return said;
}
/** Everything that the journal knows; a call that was never answered counts at its reservation. */
function lostReport(path) {
	const calls = readJournal(path);
	const sum = (count) => calls.reduce((total, call) => total + count(call), 0);
	return {
		version: 1,
		conclusion: "cancelled",
		reason: "lost",
		message: "The job ended before the run could report; this is what its journal says.",
		spentMicroUsd: calls.reduce((total, call) => total + call.spentMicroUsd, 0n),
		inputTokens: sum((call) => call.inputTokens),
		cachedTokens: sum((call) => call.cachedTokens),
		outputTokens: sum((call) => call.outputTokens),
		steps: [],
		calls
	};
}

// action/post.ts
/** The Action's last step, which also runs when the job was cancelled. It must not fail a job that has ended. */
try {
	const said = await settleLate();
	if (said !== void 0) process.stdout.write(`${said}\n`);
} catch (error) {
	process.stdout.write(`::warning title=Purser::The run’s files could not be settled or removed: ${error instanceof Error ? error.name : "unknown"}\n`);
}

export {  };