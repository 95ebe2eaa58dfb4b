import { i as openCheckout } from "./chunks/checkout.js";
import { i as refuse } from "./chunks/reason.js";
import { enableCompileCache } from "node:module";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, realpathSync, writeSync } from "node:fs";
import { spawn } from "node:child_process";

// action/process.ts
/** Starts a process with a clean environment, bounded output and a time limit for it and all it started. */
/** What is kept on disk of one command's output, for `read` to page through. */
const OUTPUT_KEPT_BYTES_MAX = 2e7;
/** What is kept in memory: the first and the last bytes. */
const HEAD_BYTES_MAX = 64e3;
const TAIL_BYTES_MAX = 64e3;
/** Never rejects: what goes wrong is a result. Standard input is empty. */
function runProcess(file, args, options) {
	return new Promise((resolve) => {
		const output = new BoundedOutput(options.outputFile);
		let ended = "exited";
		const child = spawn(file, args, {
			cwd: options.cwd,
			env: { ...options.env },
			stdio: [
				"ignore",
				"pipe",
				"pipe"
			],
			detached: true
		});
		const stop = (why) => {
			ended = why;
			killGroup(child);
		};
		const timer = setTimeout(() => stop("timed-out"), options.timeoutMs);
		const onAbort = () => stop("stopped");
		options.signal?.addEventListener("abort", onAbort, { once: true });
		if (options.signal?.aborted) onAbort();
		child.stdout.on("data", (chunk) => output.add(chunk));
		child.stderr.on("data", (chunk) => output.add(chunk));
		child.on("error", (error) => {
			ended = "not-started";
			output.add(Buffer.from(`${error.message}\n`));
			if (child.pid === void 0) finish(null);
		});
		child.on("exit", (code) => {
			killGroup(child);
			const grace = setTimeout(() => finish(code), 200);
			child.on("close", () => {
				clearTimeout(grace);
				finish(code);
			});
		});
		let finished = false;
		const finish = (exitCode) => {
			if (finished) return;
			finished = true;
			clearTimeout(timer);
			options.signal?.removeEventListener("abort", onAbort);
			child.stdout.destroy();
			child.stderr.destroy();
			resolve({
				exitCode,
				ended,
				...output.end(),
				outputFile: options.outputFile
			});
		};
	});
}
function killGroup(child) {
	if (child.pid === void 0) return;
	try {
		process.kill(-child.pid, "SIGKILL");
	} catch {}
}
/** Keeps the head and the tail in memory and the whole, up to a bound, on disk. */
var BoundedOutput = class {
	#file;
	#head = Buffer.alloc(0);
	#tail = Buffer.alloc(0);
	#bytes = 0;
	#kept = 0;
	constructor(path) {
		this.#file = openSync(path, "w", 384);
	}
	add(chunk) {
		this.#bytes += chunk.length;
		const room = OUTPUT_KEPT_BYTES_MAX - this.#kept;
		if (room > 0) this.#kept += writeSync(this.#file, chunk.subarray(0, room));
		const headRoom = HEAD_BYTES_MAX - this.#head.length;
		if (headRoom > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, headRoom)]);
		const rest = headRoom > 0 ? chunk.subarray(headRoom) : chunk;
		this.#tail = Buffer.concat([this.#tail, rest]);
		if (this.#tail.length > 2 * TAIL_BYTES_MAX) this.#tail = this.#tail.subarray(-64e3);
	}
	end() {
		closeSync(this.#file);
		const tail = this.#tail.subarray(-64e3);
		return this.#head.length + tail.length === this.#bytes ? {
			head: Buffer.concat([this.#head, tail]).toString("utf8"),
			tail: "",
			bytes: this.#bytes
		} : {
			head: this.#head.toString("utf8"),
			tail: tail.toString("utf8"),
			bytes: this.#bytes
		};
	}
};

// action/sandbox.ts
/**
* Where commands run. With bubblewrap: the machine's files read-only and its private places hidden, the workspace
* alone writable, no network unless asked for, and process, mount and IPC namespaces of their own. The environment
* is clean in every case, and it is clean where bubblewrap itself is started: as process 1 of the sandbox its own
* environment can be read from inside, so `--clearenv` would hide nothing.
*/
const BWRAP_PLACES = [
	"/usr/bin/bwrap",
	"/usr/local/bin/bwrap",
	"/bin/bwrap"
];
const PROBE_TIMEOUT_MS = 5e3;
/** The same in every run, so that what commands print and prompts contain does not vary. */
const WORK = "/tmp/work";
const HOME = "/tmp/home";
/** `wanted: 'none'` is for a machine whose owner said so in as many words: the demo, and `purser run --no-sandbox`. */
async function openSandbox(places, wanted, environment) {
	for (const dir of [places.homeDir, places.outputDir]) mkdirSync(dir, {
		recursive: true,
		mode: 448
	});
	if (wanted === "none") return makeSandbox("none", places, environment, (script) => ["bash", ["-c", script]]);
	const bwrap = BWRAP_PLACES.find((path) => existsSync(path));
	if (bwrap === void 0) return refuse("sandbox-unavailable", "Commands can’t be confined: bubblewrap (`bwrap`) is not installed.");
	const confined = makeSandbox("bubblewrap", places, environment, (script, network) => [bwrap, [
		...confinement(places, environment, network),
		"bash",
		"-c",
		script
	]]);
	const probe = await confined.run("true", { timeoutMs: PROBE_TIMEOUT_MS });
	if (probe.ended === "exited" && probe.exitCode === 0) return confined;
	return refuse("sandbox-unavailable", `Commands can’t be confined: bubblewrap is installed but does not work here (${probe.head.trim() || probe.ended}).`, "On a hosted runner add the AppArmor profile that `purser init` writes, or `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` as a step before this one.");
}
function makeSandbox(kind, places, environment, commandLine) {
	let count = 0;
	const outputFile = (number) => join(places.outputDir, `${number}.txt`);
	return {
		kind,
		outputFile,
		async run(script, options) {
			const number = count;
			count += 1;
			const [file, args] = commandLine(script, options.network === true);
			return {
				...await runProcess(file, args, {
					cwd: kind === "none" ? places.workDir : "/",
					env: {
						...cleanEnvironment(kind === "none" ? places.homeDir : HOME, environment),
						...options.env
					},
					outputFile: outputFile(number),
					timeoutMs: options.timeoutMs,
					signal: options.signal
				}),
				number
			};
		}
	};
}
/** All that a command gets to see of this process's environment, besides the inputs it names. */
function cleanEnvironment(home, environment) {
	return {
		PATH: environment.PATH ?? "/usr/local/bin:/usr/bin:/bin",
		HOME: home,
		LANG: "C.UTF-8",
		CI: "true",
		TERM: "dumb",
		NO_COLOR: "1"
	};
}
function confinement(places, environment, network) {
	const hidden = hiddenPlaces(places, environment);
	const shown = shownAgain(hidden, environment);
	const resolver = network ? resolverFile() : void 0;
	return [
		"--unshare-all",
		...network ? ["--share-net"] : [],
		...[
			"--die-with-parent",
			"--new-session",
			"--cap-drop",
			"ALL",
			"--hostname",
			"purser"
		],
		...[
			"--ro-bind",
			"/",
			"/",
			"--dev",
			"/dev",
			"--proc",
			"/proc"
		],
		...hidden.flatMap((dir) => ["--tmpfs", dir]),
		...shown.flatMap((dir) => [
			"--ro-bind",
			dir,
			dir
		]),
		...resolver === void 0 ? [] : [
			"--ro-bind",
			resolver,
			resolver
		],
		...[
			"--dir",
			HOME,
			"--bind",
			places.workDir,
			WORK,
			"--chdir",
			WORK,
			"--"
		]
	];
}
/** Places where secrets or other people's work may lie: homes, temporary and run-time files, the job's own folders. */
function hiddenPlaces(places, environment) {
	const runnerWork = environment.RUNNER_TEMP === void 0 ? [] : [dirname(resolve(environment.RUNNER_TEMP))];
	const real = [
		...[
			"/tmp",
			"/var/tmp",
			"/home",
			"/root",
			"/run",
			"/mnt",
			"/media",
			"/srv",
			"/var/lib/docker"
		],
		...[
			homedir(),
			tmpdir(),
			environment.GITHUB_WORKSPACE,
			environment.RUNNER_TEMP
		],
		...runnerWork.flatMap((work) => [work, dirname(work)]),
		...places.hidden
	].flatMap((dir) => dir !== void 0 && existsSync(dir) ? [realpathSync(dir)] : []);
	const outermost = [...new Set(real)].filter((dir) => dir !== sep);
	return outermost.filter((dir) => !outermost.some((other) => other !== dir && isBelow(dir, other)));
}
/** Tools that the machine's owner put on the PATH stay usable where they lie in a hidden place. */
function shownAgain(hidden, environment) {
	const wanted = [...(environment.PATH ?? "").split(delimiter).filter((dir) => dir.startsWith("/") && existsSync(dir)).map((dir) => realpathSync(dir)), dirname(realpathSync(process.execPath))];
	return [...new Set(wanted)].filter((dir) => hidden.some((place) => isBelow(dir, place)));
}
function resolverFile() {
	return existsSync("/etc/resolv.conf") ? realpathSync("/etc/resolv.conf") : void 0;
}
function isBelow(path, dir) {
	return path.startsWith(dir.endsWith(sep) ? dir : `${dir}${sep}`);
}

// action/early.ts
/**
* What needs other processes is started before the rest of the program is loaded, so that both go on side by side: the
* run's own repository with a git that reads objects, and the probe of the sandbox. It imports nothing heavy.
*/
function startEarly(environment, options) {
	mkdirSync(options.temporaryDir, { recursive: true });
	const baseDir = mkdtempSync(join(options.temporaryDir, "purser-"));
	const checkout = openCheckout(baseDir, options.objectsDir);
	const places = {
		workDir: checkout.workDir,
		homeDir: join(baseDir, "home"),
		outputDir: join(baseDir, "output"),
		hidden: [baseDir]
	};
	return {
		baseDir,
		checkout,
		sandbox: openSandbox(places, options.sandbox, environment)
	};
}

// action/main.ts
/** The Action's entry. Everything it decides is in runner.ts, which is loaded while what takes time is under way. */
const packageDir = fileURLToPath(new URL(import.meta.url.includes("/dist/") ? "../../" : "../", import.meta.url));
enableCompileCache(join(packageDir, "action/.compile-cache"));
const { env } = process;
const early = startEarly(env, {
	temporaryDir: env.RUNNER_TEMP ?? tmpdir(),
	objectsDir: env.GITHUB_WORKSPACE && join(env.GITHUB_WORKSPACE, ".git/objects"),
	sandbox: env.PURSER_SANDBOX === "none" ? "none" : "bubblewrap"
});
const { run } = await import("./chunks/runner.js");
process.exitCode = await run({
	environment: env,
	early,
	packageDir,
	write: (text) => process.stdout.write(text),
	onInterrupt: (stop) => {
		for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, stop);
	},
	now: () => /* @__PURE__ */ new Date(),
	monotonicMs: () => performance.now()
});
early.checkout.objects.close();

export {  };