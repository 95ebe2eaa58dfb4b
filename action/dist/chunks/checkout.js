import { join } from "node:path";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { execFile, spawn } from "node:child_process";

// action/git.ts
/**
* Git with everything that could run a program or read a stranger's settings switched off: no system or user
* configuration, no hooks, no fsmonitor, no filters, no prompts. The git directory lies outside of the work tree.
*/
const GIT_OUTPUT_BYTES_MAX = 64e6;
const GIT_TIMEOUT_MS = 3e5;
var GitError = class extends Error {};
/** `workTree` is absent for reading objects of a repository that somebody else checked out. */
function openGit(gitDir, workTree) {
	const place = [`--git-dir=${gitDir}`, ...workTree === void 0 ? [] : [`--work-tree=${workTree}`]];
	const bytes = (args, options = {}) => runGit([
		...place,
		...neutralOptions,
		...args
	], workTree ?? gitDir, options);
	return {
		gitDir,
		bytes,
		text: async (args, options) => (await bytes(args, options)).toString("utf8")
	};
}
const neutralOptions = [
	...["-c", "core.hooksPath=/dev/null"],
	...["-c", "core.fsmonitor=false"],
	...["-c", "core.attributesFile=/dev/null"],
	...["-c", "core.excludesFile=/dev/null"],
	...["-c", "core.autocrlf=false"],
	...["-c", "core.quotePath=false"],
	...["-c", "diff.ignoreSubmodules=all"],
	...["-c", "submodule.recurse=false"],
	...["-c", "credential.helper="],
	...["-c", "protocol.ext.allow=never"],
	...["-c", "gc.auto=0"],
	...["-c", "maintenance.auto=false"],
	...["-c", "safe.directory=*"]
];
function runGit(args, cwd, options) {
	return new Promise((resolve, reject) => {
		const child = execFile("git", args, {
			cwd,
			env: {
				...gitEnvironment(),
				...options.env
			},
			encoding: "buffer",
			maxBuffer: GIT_OUTPUT_BYTES_MAX,
			timeout: GIT_TIMEOUT_MS,
			...options.signal && { signal: options.signal }
		}, (error, stdout, stderr) => {
			if (error === null) return resolve(stdout);
			const said = stderr.toString("utf8").trim().slice(0, 2e3);
			reject(new GitError(said === "" ? error.message : said, { cause: error }));
		});
		child.stdin?.on("error", () => {});
		child.stdin?.end(options.input ?? "");
	});
}
function gitEnvironment() {
	return {
		PATH: process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin",
		HOME: "/nonexistent",
		LANG: "C.UTF-8",
		GIT_CONFIG_NOSYSTEM: "1",
		GIT_CONFIG_GLOBAL: "/dev/null",
		GIT_ATTR_NOSYSTEM: "1",
		GIT_TERMINAL_PROMPT: "0",
		GIT_OPTIONAL_LOCKS: "0"
	};
}

// action/objects.ts
/**
* Reads git objects through one process for the whole run, since starting git for each costs more than reading.
* Needs git 2.36 (`cat-file --batch-command`).
*/
var ObjectReader = class {
	#child;
	#waiting = [];
	#chunks = [];
	#ended = false;
	constructor(gitDir) {
		this.#child = spawn("git", [
			`--git-dir=${gitDir}`,
			...neutralOptions,
			"cat-file",
			"--batch-command"
		], {
			env: gitEnvironment(),
			stdio: [
				"pipe",
				"pipe",
				"pipe"
			]
		});
		let said = "";
		const end = (message) => {
			this.#ended = true;
			for (const wanted of this.#waiting.splice(0)) wanted.fail(new GitError(message));
		};
		this.#child.stdin.on("error", () => {});
		this.#child.stderr.on("data", (chunk) => {
			said = `${said}${chunk}`.slice(0, 2e3);
		});
		this.#child.on("error", (error) => end(error.message));
		this.#child.on("close", () => end(said.trim() || "git ended while objects were read"));
		this.#child.stdout.on("data", (chunk) => {
			this.#chunks.push(chunk);
			this.#answer();
		});
	}
	/** `name`: an id, `<commit>:<path>`, `<commit>^{tree}`. `undefined` when it is not there or has more bytes. */
	async read(name, bytesMax) {
		const about = await this.#want(`info ${name}`, false);
		if (about === void 0 || about.bytes > bytesMax) return void 0;
		return this.#want(`contents ${name}`, true);
	}
	async isCommit(name) {
		return (await this.#want(`info ${name}`, false))?.type === "commit";
	}
	/** The entries of a tree, as git orders them; `undefined` when there is no such tree. */
	async readTree(name, bytesMax) {
		const object = await this.read(name, bytesMax);
		return object?.type === "tree" ? parseTree(object.content, idBytes(name)) : void 0;
	}
	close() {
		this.#child.stdin.end();
		this.#child.unref();
	}
	#want(line, withContent) {
		if (line.includes("\n")) throw new Error("an object’s name can have no line break");
		return new Promise((done, fail) => {
			if (this.#ended) return fail(new GitError("git has ended"));
			this.#waiting.push({
				line,
				withContent,
				done,
				fail
			});
			this.#child.stdin.write(`${line}\n`);
		});
	}
	/** Answers as many requests as there is output for, in their order. */
	#answer() {
		let buffer = this.#chunks.length === 1 ? this.#chunks[0] ?? Buffer.alloc(0) : Buffer.concat(this.#chunks);
		for (let wanted = this.#waiting[0]; wanted !== void 0; wanted = this.#waiting[0]) {
			const end = buffer.indexOf(10);
			if (end < 0) break;
			const header = /^[0-9a-f]+ (\w+) (\d+)$/.exec(buffer.toString("utf8", 0, end));
			const bytes = Number(header?.[2] ?? 0);
			const length = header && wanted.withContent ? end + 1 + bytes + 1 : end + 1;
			if (buffer.length < length) break;
			const content = wanted.withContent ? buffer.subarray(end + 1, end + 1 + bytes) : Buffer.alloc(0);
			this.#waiting.shift();
			wanted.done(header?.[1] === void 0 ? void 0 : {
				type: header[1],
				bytes,
				content
			});
			buffer = buffer.subarray(length);
		}
		this.#chunks = buffer.length === 0 ? [] : [buffer];
	}
};
/** SHA-256 repositories have longer ids; the name that was asked for begins with one. */
function idBytes(name) {
	return /^[0-9a-f]{64}/.test(name) ? 32 : 20;
}
function parseTree(content, idLength) {
	const entries = [];
	for (let at = 0; at < content.length;) {
		const blank = content.indexOf(32, at);
		const end = content.indexOf(0, blank);
		if (blank < 0 || end < 0) break;
		const id = content.toString("hex", end + 1, end + 1 + idLength);
		entries.push({
			mode: content.toString("latin1", at, blank),
			name: content.toString("utf8", blank + 1, end),
			id
		});
		at = end + 1 + idLength;
	}
	return entries;
}

// action/checkout.ts
/**
* The pinned commit in a fresh workspace, with the git directory outside of it, so that whoever works in the
* workspace sees no `.git`, no remote and no credentials.
*/
/** Attributes of the tree name filters and line ends; what is in the objects is what shall be in the workspace. */
const ATTRIBUTES = "* -text -eol -ident -filter -working-tree-encoding\n";
/** Makes an empty git directory by hand, which saves a process: HEAD, a format and where more objects lie. */
function createGitDirectory(gitDir, objectsDir) {
	for (const dir of [
		"objects/info",
		"objects/pack",
		"refs/heads",
		"info"
	]) mkdirSync(join(gitDir, dir), {
		recursive: true,
		mode: 448
	});
	writeFileSync(join(gitDir, "HEAD"), "ref: refs/heads/none\n");
	writeFileSync(join(gitDir, "config"), "[core]\n	repositoryformatversion = 0\n	bare = false\n");
	writeFileSync(join(gitDir, "info", "attributes"), ATTRIBUTES);
	if (objectsDir !== void 0 && existsSync(objectsDir)) writeFileSync(join(gitDir, "objects", "info", "alternates"), `${objectsDir}\n`);
}
/** Fetches a commit by its id, or a branch by its ref, unless the objects are here. Rejects with git's words. */
async function ensureCommit({ git, objects }, source, commit, signal) {
	if (await objects.isCommit(commit)) return;
	if (source.remote === void 0) throw new GitError(`commit ${commit} is not in this repository`);
	await fetchCommit(git, source.remote, commit, signal);
}
/** Resolves to the id of what was fetched. */
async function fetchCommit(git, remote, commitOrRef, signal) {
	await git.text([
		...[
			"fetch",
			"--quiet",
			"--no-tags",
			"--no-recurse-submodules",
			"--depth=1",
			"--end-of-options"
		],
		remote.url,
		commitOrRef
	], {
		env: authorization(remote),
		signal
	});
	return (await git.text([
		"rev-parse",
		"--verify",
		"FETCH_HEAD^{commit}"
	])).trim();
}
function openCheckout(baseDir, objectsDir) {
	const gitDir = join(baseDir, "git");
	const workDir = join(baseDir, "work");
	createGitDirectory(gitDir, objectsDir);
	mkdirSync(workDir, { mode: 448 });
	return {
		git: openGit(gitDir, workDir),
		objects: new ObjectReader(gitDir),
		workDir
	};
}
async function checkOut({ git }, commit) {
	await git.text([
		"read-tree",
		"-u",
		"--reset",
		commit
	]);
}
/** A header through the environment of one process: it is in no file and on no command line. */
function authorization(remote) {
	if (remote.authorization === void 0) return {};
	return {
		GIT_CONFIG_COUNT: "1",
		GIT_CONFIG_KEY_0: `http.${new URL(remote.url).origin}/.extraheader`,
		GIT_CONFIG_VALUE_0: `AUTHORIZATION: ${remote.authorization}`
	};
}

export { GitError as a, openCheckout as i, ensureCommit as n, fetchCommit as r, checkOut as t };