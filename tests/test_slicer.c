// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slicer on made-up trees, one trap of real kernel sources a test, and on
 * real trees: CF_TREES, separated by colons, or the one of this build.
 */
#include <criterion/criterion.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../src/kernel/slice/slice.h"

#define X86 "arch/x86/kvm/x86.c"
#define LICENCE "// SPDX-License-Identifier: GPL-2.0-only\n"

static char root[64];			/* of the test's own files */
static char errors[4096];		/* the last run's stderr */

static char *in(const char *fmt, ...)
{
	static char paths[8][512];
	static unsigned int next;
	char *path = paths[next++ % 8];
	va_list ap;
	int n = snprintf(path, 512, "%s/", root);

	va_start(ap, fmt);
	vsnprintf(path + n, 512 - n, fmt, ap);
	va_end(ap);
	return path;
}

/* What a test reads is freed after it. */
static char *texts[256];
static size_t nr_texts;

static char *own(char *text)
{
	cr_assert(text && nr_texts < sizeof(texts) / sizeof(texts[0]));
	return texts[nr_texts++] = text;
}

static char *get(const char *path)
{
	FILE *f = fopen(path, "r");
	struct stat st;
	char *text;

	cr_assert(f && !fstat(fileno(f), &st), "no file %s", path);
	text = own(calloc(1, st.st_size + 1));
	cr_assert_eq(fread(text, 1, st.st_size, f), st.st_size);
	fclose(f);
	return text;
}

static void put(const char *path, const char *text)
{
	char *p = in("%s", path);
	FILE *f;

	for (char *slash = p + strlen(root) + 1; (slash = strchr(slash, '/')); ) {
		*slash = '\0';
		mkdir(p, 0777);
		*slash++ = '/';
	}
	f = fopen(p, "w");
	cr_assert(f && fputs(text, f) >= 0 && !fclose(f));
}

/* In a child, for the slicer runs once per process. */
static int run_at(const char *tree, const char *manifest, const char *out)
{
	int status;
	pid_t pid = fork();
	FILE *f;

	if (!pid) {
		if (!freopen(in("errors"), "w", stderr))
			_exit(99);
		status = slice(tree, manifest, out, false);
		fflush(NULL);
		_exit(status);
	}
	cr_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	f = fopen(in("errors"), "r");
	errors[fread(errors, 1, sizeof(errors) - 1, f)] = '\0';
	fclose(f);
	return WEXITSTATUS(status);
}

static int run(const char *manifest)
{
	put("manifest", manifest);
	return run_at(in("tree"), in("manifest"), in("out"));
}

/* Slices @source as x86.c from root @name; what is left below line 1. */
static char *sliced(const char *source, const char *name)
{
	char manifest[512];
	int code;

	put("tree/" X86, source);
	snprintf(manifest, sizeof(manifest), "unit host\nfile " X86 "\n%s%s\n",
		 strchr(name, '\n') ? "" : "need ", name);
	code = run(manifest);
	cr_assert_eq(code, 0, "exit code %d: %s", code, errors);
	cr_assert_str_eq(errors, "");
	return strchr(get(in("out/host/" X86)), '\n') + 1;
}

#define HAS(text, part) \
	cr_expect(strstr(text, part), "no \"%s\" in:\n%s", part, text)
#define HAS_NOT(text, part) \
	cr_expect(!strstr(text, part), "\"%s\" in:\n%s", part, text)

static void setup(void)
{
	strcpy(root, "/tmp/test_slicer.XXXXXX");
	cr_assert(mkdtemp(root));
	put("tree/Makefile", "# SPDX\nVERSION = 6\nPATCHLEVEL = 99\n"
	    "SUBLEVEL = 3\nEXTRAVERSION = -rc1\n");
	put("tree/" X86, LICENCE "static int f(void)\n{\n\treturn 1;\n}\n");
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	return remove(path);
}

static void teardown(void)
{
	while (nr_texts)
		free(texts[--nr_texts]);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(slicer, .init = setup, .fini = teardown, .timeout = 60);

/* ---- what stays, and where ---------------------------------------------- */

Test(slicer, lines_stay_where_they_are)
{
	char *text = sliced(LICENCE
		"#include <linux/kvm.h>\n"
		"static int other(void) { return 2; }\n"
		"/* about f */\n"
		"static int f(void)\n"
		"{\n"
		"\treturn 1; /* one */\n"
		"}\n"
		"EXPORT_SYMBOL_GPL(f);\n", "f");
	char *whole = get(in("out/host/" X86)), directive[256];

	snprintf(directive, sizeof(directive), "#line 2 \"%s/tree/" X86 "\"\n",
		 root);
	cr_expect(!strncmp(whole, directive, strlen(directive)), "%s", whole);
	cr_expect_str_eq(text,
		"\n"
		"\n"
		"\n"
		"static int f(void)\n"
		"{\n"
		"\treturn 1; /* one */\n"
		"}\n");
}

/* else each commit to such a file would make another program */
Test(slicer, what_is_not_kept_changes_nothing)
{
#define F "int f(void)\n{\n\treturn 1;\n}\n"
	char *text = sliced(LICENCE "int g;\n" F "\nint h;\n", "f");

	cr_expect_str_eq(sliced(LICENCE "int other_g;\n" F, "f"), text);
	cr_expect_str_neq(sliced(LICENCE "\nint g;\n" F, "f"), text);
#undef F
}

Test(slicer, code_on_line_1_is_not_lost)
{
	put("tree/" X86, "#ifndef GUARD\nint f(void) { return 1; }\n#endif\n");
	cr_assert_eq(run("unit host\nfile " X86 "\nneed f\n"), 0);
	char *text = get(in("out/host/" X86));

	HAS(text, "#line 1 \"");
	HAS(text, "\"\n#ifndef GUARD\nint f(void) { return 1; }\n#endif\n");
}

Test(slicer, closure_takes_statics_and_leaves_the_rest)
{
	char *text = sliced(LICENCE
		"#define USED (UNDER + 1)\n"
		"#define UNDER 2\n"
		"#define UNUSED 3\n"
		"static u32 rate = USED;\n"
		"static u32 unused_rate;\n"
		"static inline int helper(void) { return rate; }\n"
		"static int alone(void) { return UNUSED; }\n"
		"int f(void)\n"
		"{\n"
		"\t/* alone */\n"
		"\treturn helper() + strlen(\"alone\");\n"
		"}\n", "f");

	HAS(text, "#define USED");
	HAS(text, "#define UNDER");
	HAS(text, "static u32 rate");
	HAS(text, "static inline int helper");
	HAS_NOT(text, "UNUSED");
	HAS_NOT(text, "unused_rate");
	HAS_NOT(text, "static int alone");
}

Test(slicer, return_type_on_the_line_above)
{
	char *text = sliced(LICENCE
		"static noinline __attribute__((cold))\n"
		"unsigned long long\n"
		"f(void)\n"
		"{\n"
		"\treturn 1;\n"
		"}\n", "f");

	HAS(text, "static noinline __attribute__((cold))\n"
		  "unsigned long long\nf(void)\n{");
}

Test(slicer, forward_declaration_of_what_is_kept)
{
	char *text = sliced(LICENCE
		"static int later(void);\n"
		"static int never(void);\n"
		"int f(void) { return later(); }\n"
		"static int later(void) { return 1; }\n"
		"static int never(void) { return 1; }\n", "f");

	HAS(text, "static int later(void);\n");
	HAS(text, "static int later(void) {");
	HAS_NOT(text, "never");
}

Test(slicer, both_arms_of_an_if)
{
	char *text = sliced(LICENCE
		"#ifdef CONFIG_A\n"
		"static int f(void) { return 1; }\n"
		"#elif defined(CONFIG_B)\n"
		"static int f(void) { return 2; }\n"
		"#else\n"
		"static int f(void) { return 3; }\n"
		"#endif\n"
		"#ifdef CONFIG_EMPTY\n"
		"static int g(void) { return 4; }\n"
		"#endif\n", "f");

	HAS(text, "#ifdef CONFIG_A\nstatic int f(void) { return 1; }\n"
		  "#elif defined(CONFIG_B)\nstatic int f(void) { return 2; }\n"
		  "#else\nstatic int f(void) { return 3; }\n#endif\n");
	HAS_NOT(text, "CONFIG_EMPTY");
}

Test(slicer, arms_part_inside_a_definition)
{
	char *text = sliced(LICENCE
		"#ifdef CONFIG_A\n"
		"static int f(int a)\n"
		"#else\n"
		"static int f(long a)\n"
		"#endif\n"
		"{\n"
		"#ifdef CONFIG_B\n"
		"\tif (a) {\n"
		"#else\n"
		"\tif (!a) {\n"
		"#endif\n"
		"\t\ta++;\n"
		"\t}\n"
		"\treturn a;\n"
		"}\n"
		"static int g(void) { return 0; }\n", "f");

	HAS(text, "#ifdef CONFIG_A\nstatic int f(int a)\n#else\n"
		  "static int f(long a)\n#endif\n{\n#ifdef CONFIG_B\n");
	HAS(text, "\treturn a;\n}\n");
	HAS_NOT(text, "g(void)");
}

Test(slicer, condition_brings_its_macro)
{
	/* blanked, LIMIT would be 0 and the wrong arm be taken */
	char *text = sliced(LICENCE
		"#define LIMIT 5\n"
		"#if LIMIT > 3\n"
		"int f(void) { return 1; }\n"
		"#else\n"
		"int f(void) { return 2; }\n"
		"#endif\n", "f");

	HAS(text, "#define LIMIT 5\n");
}

Test(slicer, odd_text_in_directives)
{
	char *text = sliced(LICENCE
		"#define OPENS \"a/*b\"\n"
		"#ifdef CONFIG_A\n"
		"#error don't\n"
		"#endif\n"
		"#define LONG(x) \\\n"
		"\t((x) + \\\n"
		"\t 1)\n"
		"int f(void) { return LONG('\"'); }\n"
		"int g(void) { return 0; }\n", "f");

	HAS(text, "#define LONG(x) \\\n\t((x) + \\\n\t 1)\n");
	HAS(text, "int f(void) { return LONG('\"'); }\n");
	HAS_NOT(text, "int g");
	HAS_NOT(text, "OPENS");
}

Test(slicer, per_cpu_variables)
{
	char *text = sliced(LICENCE
		"static DEFINE_PER_CPU(unsigned long, khz);\n"
		"static DEFINE_PER_CPU_ALIGNED(struct idle, unused);\n"
		"int f(void) { return __this_cpu_read(khz); }\n", "f");

	HAS(text, "static DEFINE_PER_CPU(unsigned long, khz);\n");
	HAS_NOT(text, "unused");
}

Test(slicer, variable_of_an_unnamed_struct)
{
	char *text = sliced(LICENCE
		"static struct {\n\tint a;\n} state ____cacheline_aligned = {\n"
		"\t.a = 1,\n};\n"
		"struct gtod {\n\tint b;\n};\n"
		"static struct gtod data;\n"
		"int f(void) { return state.a + data.b; }\n", "f");

	HAS(text, "static struct {\n\tint a;\n} state ____cacheline_aligned = {\n"
		  "\t.a = 1,\n};\nstruct gtod {\n\tint b;\n};\n"
		  "static struct gtod data;\n");
}

Test(slicer, macro_call_without_semicolon)
{
	char *text = sliced(LICENCE
		"DECLARE_ODDITY(one)\n"
		"DECLARE_ODDITY(two)\n"
		"static int f(void)\n"
		"{\n"
		"\treturn 1;\n"
		"}\n"
		"#ifdef CONFIG_A\n"
		"DECLARE_ODDITY(three)\n"
		"#endif\n"
		"static int g(void) { return f(); }\n", "g");

	HAS(text, "static int f(void)\n{\n\treturn 1;\n}\n");
	HAS(text, "static int g(void)");
	HAS_NOT(text, "ODDITY");
	HAS_NOT(text, "CONFIG_A");
}

Test(slicer, unnamed_enum_is_whole)
{
	char *text = sliced(LICENCE
		"enum {\n\tFIRST,\n\tSECOND,\n};\n"
		"enum other {\n\tTHIRD,\n};\n"
		"int f(void) { return SECOND; }\n", "f");

	HAS(text, "enum {\n\tFIRST,\n\tSECOND,\n};\n");
	HAS_NOT(text, "THIRD");
}

Test(slicer, member_names_are_no_functions)
{
	char *text = sliced(LICENCE
		"static int read(void) { return 1; }\n"
		"struct ops {\n\tint (*read)(void);\n};\n"
		"int f(struct ops *o) { return o->read(); }\n", "f");

	HAS(text, "int (*read)(void);");
	HAS_NOT(text, "static int read");
}

/* ---- masked structs ------------------------------------------------------ */

Test(slicer, masked_struct)
{
	char *text = sliced(LICENCE
		"struct needed { int n; };\n"
		"struct big {\n"
		"\tint arrow, second;\n"
		"\tint dot[4];\n"
		"\tint set : 3;\n"
		"\tstruct unneeded *out;\n"
		"\tstruct needed in;\n"
		"\tu64 (*call)(struct big *b);\n"
		"\tint denied;\n"
		"\tint adapter;\n"
		"#ifdef CONFIG_A\n"
		"\tint conditional;\n"
		"#endif\n"
		"\tstruct {\n\t\tint inner;\n\t\tint beside;\n\t} nested;\n"
		"\tunion {\n\t\tint lost;\n\t\tlong gone;\n\t};\n"
		"};\n"
		"struct unneeded { int u; };\n"
		"int f(struct big *b, struct big c)\n"
		"{\n"
		"\tstruct big d = { .set = 1 };\n"
		"\treturn b->arrow + c.dot[0] + b->in.n + b->call(b) +\n"
		"\t       b->denied + b->conditional + b->nested.inner;\n"
		"}\n", "need f\nmask big\ndeny denied\nmember adapter\n");

	HAS(text, "struct big {\n");
	HAS(text, "int arrow, second;");
	HAS(text, "int dot[4];");
	HAS(text, "int set : 3;");
	HAS(text, "struct needed { int n; };");
	HAS(text, "struct needed in;");
	HAS(text, "u64 (*call)(struct big *b);");
	HAS(text, "int adapter;");
	HAS(text, "#ifdef CONFIG_A\n\tint conditional;\n#endif\n");
	HAS(text, "struct {\n\t\tint inner;\n\t\tint beside;\n\t} nested;");
	HAS_NOT(text, "int denied");
	HAS_NOT(text, "unneeded");
	HAS_NOT(text, "lost");
	HAS_NOT(text, "gone");
}

/* ---- the manifest -------------------------------------------------------- */

Test(slicer, alternatives_and_options)
{
	char *text = sliced(LICENCE
		"static int older(void) { return 1; }\n"
		"static int extra(void) { return 1; }\n",
		"need newer|older\nopt extra absent\n");

	HAS(text, "older");
	HAS(text, "extra");
	put("tree/include/old.h", LICENCE "#define OLD 1\n");
	put("tree/" X86, LICENCE "int f(void) { return OLD; }\n");
	cr_assert_eq(run("unit host\nheader include/new.h|include/old.h include/no.h\n"
			 "file " X86 "\nneed f # why\n"), 0);
	text = get(in("out/host.inc"));
	HAS(text, "/out/host/include/old.h\"\n#include ");
	HAS_NOT(text, "new.h");
	HAS_NOT(text, "no.h");
}

Test(slicer, given_and_not_taken)
{
	put("tree/include/a.h", LICENCE "#define rdtsc() 1\n"
	    "struct kvm { int a; };\nstatic int from_a(void) { return 1; }\n");
	put("tree/" X86, LICENCE
	    "static int from_a(void) { return 2; }\n"
	    "int f(struct kvm *kvm) { return rdtsc() + from_a(); }\n");
	cr_assert_eq(run("unit host\nheader include/a.h\nnot from_a\nshim shim/vm.h\n"
			 "file " X86 "\nneed f\ngive rdtsc struct:kvm\n"), 0);
	HAS(get(in("out/host/" X86)), "static int from_a");
	cr_expect(access(in("out/host/include/a.h"), F_OK));
	HAS(get(in("out/host.inc")), "#include \"shim/vm.h\"\n#include \"/");
}

Test(slicer, restated_pieces_drift)
{
	char *table, hash[17] = "", manifest[400];
	const char *format =
		"unit host\nfile " X86 "\nneed f\n"
		"restated piece " X86 " %s ^static.int.big return\n"
		"restated gone " X86 " 0 ^static.int.none return\n";

	put("tree/" X86, LICENCE "int f(void) { return 1; }\n"
	    "static int big(int x)\n{\n\tx++;\t/* one */\n\treturn x;\n}\n");
	snprintf(manifest, sizeof(manifest), format, "0");
	cr_assert_eq(run(manifest), 0);
	table = get(in("out/restated.tsv"));
	HAS(table, "\tdrifted\n");
	HAS(table, "gone\t" X86 "\t0\t-\tabsent\n");
	cr_assert_eq(sscanf(table, "piece\t" X86 "\t%*d\t%16s", hash), 1, "%s", table);
	snprintf(manifest, sizeof(manifest), format, hash);
	cr_assert_eq(run(manifest), 0);
	HAS(get(in("out/restated.tsv")), "\tsame\n");
	/* comments don't count, code does */
	put("tree/" X86, LICENCE "int f(void) { return 1; }\n"
	    "static int big(int x)\n{\n\tx++;\t/* another */\n\treturn x;\n}\n");
	cr_assert_eq(run(manifest), 0);
	HAS(get(in("out/restated.tsv")), "\tsame\n");
	put("tree/" X86, LICENCE "int f(void) { return 1; }\n"
	    "static int big(int x)\n{\n\tx--;\n\treturn x;\n}\n");
	cr_assert_eq(run(manifest), 0);
	HAS(get(in("out/restated.tsv")), "\tdrifted\n");
}

Test(slicer, the_list_changes_with_a_file)
{
	char *before;

	put("tree/" X86, LICENCE "int f(void) { return 1; }\n");
	cr_assert_eq(run("unit host\nfile " X86 "\nneed f\n"), 0);
	before = own(strdup(get(in("out/host.inc"))));
	cr_assert_eq(run("unit host\nfile " X86 "\nneed f\n"), 0);
	cr_expect_str_eq(get(in("out/host.inc")), before);
	put("tree/" X86, LICENCE "int f(void) { return 2; }\n");
	cr_assert_eq(run("unit host\nfile " X86 "\nneed f\n"), 0);
	cr_expect_str_neq(get(in("out/host.inc")), before);
}

Test(slicer, whole_files_lose_only_includes)
{
	put("tree/include/abi.h", LICENCE "#ifndef ABI_H\n#define ABI_H\n"
	    "#include <linux/types.h>\nstruct abi { u32 version; };\n"
	    "#define FLAG 1\n#endif\n");
	cr_assert_eq(run("unit host\nwhole include/abi.h\n"), 0);
	char *text = get(in("out/host/include/abi.h"));

	HAS(text, "#ifndef ABI_H\n#define ABI_H\n");
	HAS(text, "struct abi { u32 version; };\n#define FLAG 1\n#endif\n");
	HAS_NOT(text, "include <");
}

Test(slicer, manifest_errors_name_file_and_line)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "need f\n", ":1: a unit comes first" },
		{ "unit host\nneed f\n", ":2: a file comes first" },
		{ "unit host\nnot f\n", ":2: a file comes first" },
		{ "unit host\nbogus f\n", ":2: unknown word" },
		{ "unit host\n\nneed\n", ":3: a name must follow" },
		{ "unit a\nunit b\nunit c\n", ":3: two units" },
		{ "probe X\n", ":1: want: probe" },
		{ "probe X " X86 "\n", ":1: want: probe" },
		{ "probe X " X86 " a(\n", ":1: this isn't an extended regular" },
		{ "# nothing\n", ":1: no unit" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(run(cases[i].text), 2, "%s", cases[i].text);
		HAS(errors, "/manifest:");
		HAS(errors, cases[i].error);
		cr_expect_eq(strchr(errors, '\n'), errors + strlen(errors) - 1,
			     "not one line: %s", errors);
	}
	cr_expect_eq(run_at(in("tree"), in("absent"), in("out")), 2);
	HAS(errors, "/absent: No such file");
}

/* ---- what is missing ----------------------------------------------------- */

Test(slicer, missing_functions_one_line_a_file)
{
	char want[1024];

	put("tree/" X86, LICENCE "extern int declared;\nint proto(void);\n"
	    "int f(void) { return absent(); }\n");
	cr_expect_eq(run("unit host\nfile " X86 "\nneed f absent declared proto\n"
			 "need new|old\nopt not_there\n"
			 "file arch/x86/kvm/hyperv.c\nneed page\n"), 125);
	snprintf(want, sizeof(want),
		"slice: %1$s/tree: not found in " X86 ", but required: absent declared proto new|old\n"
		"slice: %1$s/tree: not found in arch/x86/kvm/hyperv.c, but required: page\n",
		root);
	cr_expect_str_eq(errors, want);
	cr_expect(access(in("out/host.inc"), F_OK), "a slice of half a tree");
}

Test(slicer, not_a_linux_tree)
{
	put("manifest", "unit host\n");
	cr_expect_eq(run_at(in("absent"), in("manifest"), in("out")), 2);
	HAS(errors, "/absent: No such file or directory\n");

	put("other/README", "hello\n");
	cr_expect_eq(run_at(in("other"), in("manifest"), in("out")), 2);
	HAS(errors, "/other isn't a Linux tree: no Makefile with VERSION and PATCHLEVEL\n");

	put("other/Makefile", "all:\n\techo\n");
	cr_expect_eq(run_at(in("other"), in("manifest"), in("out")), 2);
	HAS(errors, "no Makefile with VERSION and PATCHLEVEL\n");

	put("other/Makefile", "VERSION = 6\nPATCHLEVEL = 1\n");
	cr_expect_eq(run_at(in("other"), in("manifest"), in("out")), 2);
	HAS(errors, "/other isn't a Linux tree: no arch/x86/kvm\n");
}

Test(slicer, without_ctags)
{
	put("manifest", "unit host\nfile " X86 "\nneed f\n");
	setenv("PATH", root, 1);
	cr_expect_eq(run_at(in("tree"), in("manifest"), in("out")), 2);
	HAS(errors, "universal-ctags");
}

/* ---- what is written, and where ------------------------------------------ */

static char listing[65536];

static int list_one(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	size_t n = strlen(listing);

	snprintf(listing + n, sizeof(listing) - n, "%s %lld %lld.%09ld %lu\n",
		 path, (long long)st->st_size, (long long)st->st_mtim.tv_sec,
		 st->st_mtim.tv_nsec, (unsigned long)st->st_ino);
	return 0;
}

static char *list(const char *folder)
{
	listing[0] = '\0';
	nftw(folder, list_one, 16, FTW_PHYS);
	return own(strdup(listing));
}

Test(slicer, tree_is_only_read)
{
	char *before = list(in("tree"));

	put("manifest", "unit host\nfile " X86 "\nneed f\n");
	cr_expect_eq(run_at(in("tree"), in("manifest"), in("out")), 0);
	cr_expect_eq(run_at(in("tree"), in("manifest"), in("tree/build/deep")), 2);
	HAS(errors, "lies in the tree");
	cr_assert(!symlink(in("tree"), in("link")));
	cr_expect_eq(run_at(in("link"), in("manifest"), in("link/build")), 2);
	cr_expect_str_eq(list(in("tree")), before);
	/* a neighbour whose name only begins alike is fine */
	cr_expect_eq(run_at(in("tree"), in("manifest"), in("tree2/out")), 0);
}

Test(slicer, same_result_is_not_touched)
{
	char *before;

	cr_assert_eq(run("unit host\nfile " X86 "\nneed f\n"), 0);
	before = list(in("out"));
	cr_assert_eq(run("unit host\nfile " X86 "\nneed f\n"), 0);
	cr_expect_str_eq(list(in("out")), before);
}

Test(slicer, odd_paths)
{
	cr_assert(!rename(in("tree"), in("a 'tree' $HOME")));
	put("manifest", "unit host\nfile " X86 "\nneed f\n");
	cr_expect_eq(run_at(in("a 'tree' $HOME"), in("manifest"), in("out")), 0,
		     "%s", errors);
	HAS(get(in("out/deps")), "/a\\ 'tree'\\ $HOME/" X86);
	cr_assert(!rename(in("a 'tree' $HOME"), in("a\"tree")));
	cr_expect_eq(run_at(in("a\"tree"), in("manifest"), in("out")), 2);
}

Test(slicer, tables)
{
	char *text, path[256];

	put("tree/" X86, LICENCE
	    "static int zed(void) { return 1; }\n"
	    "struct page {\n\tint a;\n} __attribute__((packed));\n"
	    "static struct { struct page p; } state;\n"
	    "#define LIMIT 2\n"
	    "static int\n"
	    "abc(void)\n"
	    "{\n"
	    "\ttrace_kvm_odd(1);\n"
	    "\treturn zed() + LIMIT + state.p.a;\n"
	    "}\n");
	cr_assert_eq(run("unit host\nfile " X86 "\nneed abc\n"
			 "probe CF_YES " X86 " ^abc\\(\n"
			 "probe CF_NO " X86 " ^zed\n"
			 "probe CF_GONE absent.c .\n"), 0);
	cr_expect_str_eq(get(in("out/probes.h")),
			 "#define CF_YES 1\n#define CF_NO 0\n#define CF_GONE 0\n");
	text = get(in("out/version.h"));
	snprintf(path, sizeof(path), "#define CF_TREE_PATH \"%s/tree\"\n", root);
	HAS(text, "#define CF_TREE_VERSION \"6.99.3\"\n");
	HAS(text, path);
	HAS(get(in("out/host_trace.h")), "trace_kvm_odd(...)");

	text = get(in("out/deps"));
	snprintf(path, sizeof(path), "%s/out/host.inc:", root);
	HAS(text, path);
	HAS(text, "/tree/Makefile");
	HAS(text, "/tree/" X86);
	HAS_NOT(text, "absent.c");

	text = get(in("out/functions.c"));
	HAS(text, "\t{ \"abc\", \"" X86 "\", 9, \"");
	HAS_NOT(text, "LIMIT");
	HAS(text, "\t{ 0 }\n};\n");
	cr_expect(strstr(text, "\"abc\"") < strstr(text, "\"zed\""));

	text = get(in("out/functions.tsv"));
	HAS(text, "abc\tfunction\t" X86 "\t9\t13\t");
	HAS(text, "LIMIT\tmacro\t" X86 "\t7\t7\t");
	HAS(text, "page\tstruct\t" X86 "\t3\t5\t");
	HAS(text, "state\tvariable\t" X86 "\t6\t6\t");
	HAS_NOT(text, "__a");
	HAS(text, "zed\tfunction\t" X86 "\t2\t2\t");
}

static char *hash_of(const char *source)
{
	char *end, *tab;

	sliced(source, "f");
	end = get(in("out/functions.tsv"));
	tab = strrchr(end, '\t');
	cr_assert(tab && strlen(tab + 1) == 17, "%s", end);
	return tab + 1;
}

Test(slicer, hash_sees_code_only)
{
	char *hash = hash_of(LICENCE "int f(int a)\n{\n\treturn a + 1;\n}\n");

	cr_expect_str_eq(hash_of(LICENCE "\n\nint f(int a)\n{ /* why */\n"
				 "\t\treturn a  + 1; // one\n}\n"), hash);
	cr_expect_str_neq(hash_of(LICENCE "int f(int a)\n{\n\treturn a + 2;\n}\n"),
			  hash);
	cr_expect_str_neq(hash_of(LICENCE "int f(int a)\n{\n\treturn a - 1;\n}\n"),
			  hash);
}

/* ---- real trees ---------------------------------------------------------- */

/* Below line 1, every byte is the tree's at that place, or blank, or cut off a line's end. */
static void check_mask(const char *tree, const char *path, const char *unit)
{
	char *masked = get(in("out/%s/%s", unit, path)), *original, *m, *o;
	char full[512];
	int depth = 0;

	snprintf(full, sizeof(full), "%s/%s", tree, path);
	original = get(full);
	m = strchr(masked, '\n');
	o = strchr(original, '\n');
	cr_assert(!strncmp(masked, "#line 2 ", 8), "%s", path);
	for (; *m && *o; m++, o++) {
		if (*m == '\n')
			o += strcspn(o, "\n");
		cr_assert(*m == *o || (*m == ' ' && *o != '\n'),
			  "%s: not the tree's text: %.60s", path, m);
	}
	cr_assert(!*m, "%s: longer than the tree's", path);
	for (m = masked; m; m = strchr(m + 1, '\n')) {
		char *p = m + (*m == '\n') + strspn(m + (*m == '\n'), " \t");

		cr_assert(strncmp(p, "#include", 8), "%s", path);
		if (*p != '#')
			continue;
		p += 1 + strspn(p + 1, " \t");
		depth += !strncmp(p, "if", 2);
		depth -= !strncmp(p, "endif", 5);
		cr_assert(depth >= 0, "%s: #endif without #if", path);
	}
	cr_expect_eq(depth, 0, "%s: #if without #endif", path);
}

static void check_tree(const char *tree)
{
	static const char *const names[] = {
		"__get_kvmclock", "compute_guest_tsc", "kvm_get_time_scale",
		"compute_tsc_page_parameters", "pvclock_clocksource_read",
		"__pvclock_read_cycles", "clocks_calc_mult_shift",
		"mul_u64_u64_shr", "__iter_div_u64_rem", "kvm_set_tsc_khz",
	};
	static const char *const units[] = { "host", "guest" };
	struct timespec from, to;
	char line[512], *tsv;

	clock_gettime(CLOCK_MONOTONIC, &from);
	cr_assert_eq(run_at(tree, CF_SOURCE_DIR "/src/kernel/manifest", in("out")),
		     0, "%s: %s", tree, errors);
	clock_gettime(CLOCK_MONOTONIC, &to);
	/* a second by itself; CI runs several at once, with sanitizers */
	cr_expect(to.tv_sec - from.tv_sec <= 10, "%s: slow", tree);
	cr_expect_str_eq(errors, "");

	tsv = get(in("out/functions.tsv"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(line, sizeof(line), "\n%s\tfunction\t", names[i]);
		HAS(tsv, line);
	}
	HAS(tsv, "\ndo_div\tmacro\tarch/x86/include/asm/div64.h\t");
	for (size_t u = 0; u < 2; u++) {
		char *inc = get(in("out/%s.inc", units[u])), *save;
		char prefix[256];
		int files = 0;

		snprintf(prefix, sizeof(prefix), "#include \"%s/out/%s/", root,
			 units[u]);
		for (char *p = strtok_r(inc, "\n", &save); p;
		     p = strtok_r(NULL, "\n", &save)) {
			if (strncmp(p, prefix, strlen(prefix)))
				continue;
			p[strlen(p) - 1] = '\0';
			check_mask(tree, p + strlen(prefix), units[u]);
			files++;
		}
		cr_expect(files > 5, "%s: %d files in %s", tree, files, units[u]);
	}
}

Test(slicer, real_trees)
{
	const char *list = getenv("CF_TREES");
	char *trees = own(strdup(list ? list : CF_TREE)), *save;

	for (char *p = strtok_r(trees, ":", &save); p;
	     p = strtok_r(NULL, ":", &save))
		check_tree(p);
}
