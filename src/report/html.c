// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "html.h"
#include "words.h"

/*
 * Colours: pairs of light and dark with a contrast of 4.5 or more for text.  Those of
 * the plots are named after what src/report/plot.c gives to gnuplot.
 */
static const char style[] =
"\n:root { color-scheme: light dark;\n"
"  --page: #ffffff; --ink: #1c2128; --soft: #57606a; --line: #d0d7de; --panel: #f6f8fa;\n"
"  --link: #0550ae; --live: #9a1b1b; --live-1: #fdeaea; --live-2: #fbd3d3; --live-3: #f7b5b5;\n"
"  --new: #ffffff; --new-ground: #a3123f; --good: #1a6b34; --lost: #7a4d00;\n"
"  --c00000: #c00000; --c0060b0: #0060b0; --c008040: #008040; --ca06000: #a06000; --ce0e0e0: #e0e0e0; }\n"
"@media (prefers-color-scheme: dark) { :root {\n"
"  --page: #0d1117; --ink: #e6edf3; --soft: #9ba6b2; --line: #30363d; --panel: #161b22;\n"
"  --link: #79b8ff; --live: #ffa198; --live-1: #2d1517; --live-2: #451a1d; --live-3: #641f22;\n"
"  --new: #ffffff; --new-ground: #b62356; --good: #6fdd8b; --lost: #e3b341;\n"
"  --c00000: #ff7b72; --c0060b0: #79b8ff; --c008040: #56d364; --ca06000: #e3b341; --ce0e0e0: #262c34; } }\n"
"* { box-sizing: border-box; }\n"
"html { scroll-padding-top: 1rem; }\n"
"body { margin: 0; background: var(--page); color: var(--ink);\n"
"  font: 16px/1.5 system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; }\n"
"main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }\n"
"h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; }\n"
"h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }\n"
"h3 { font-size: 1.1rem; line-height: 1.35; margin: 0 0 .25rem; overflow-wrap: anywhere; }\n"
"p { margin: .25rem 0 .75rem; }\n"
"a { color: var(--link); }\n"
"a:focus-visible, summary:focus-visible, input:focus-visible, .scroll:focus-visible {\n"
"  outline: 2px solid var(--link); outline-offset: 2px; }\n"
".soft { color: var(--soft); }\n"
".scroll { overflow: auto; border: 1px solid var(--line); border-radius: 6px; margin: .75rem 0; }\n"
/* a scenario ends with what it is about: begin there */
".scroll:has(.events) { max-height: 34rem; display: flex; flex-direction: column-reverse; }\n"
".scroll:has(.findings) { max-height: 92vh; }\n"
"table { border-collapse: collapse; width: 100%; }\n"
"th, td { padding: .3rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }\n"
"thead th { background: var(--panel); position: sticky; top: 0; white-space: nowrap; }\n"
"tbody:last-child tr:last-child > * { border-bottom: 0; }\n"
"tbody th { font-weight: normal; white-space: nowrap; }\n"
".matrix tbody th, .findings tbody th { white-space: normal; }\n"
".findings tbody th { min-width: 17rem; overflow-wrap: anywhere; }\n"
".number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }\n"
".code, pre, code { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: .85rem; }\n"
"pre code { font-size: inherit; }\n"
".events td, .events th { font-size: .8rem; padding: .3rem .5rem; white-space: nowrap; }\n"
".events .code { font-size: .78rem; }\n"
".events .broken > * { background: var(--live-1); color: var(--live); font-weight: 600; }\n"
"pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem;\n"
"  margin: .75rem 0; overflow-x: auto; }\n"
".matrix { width: auto; min-width: 60%; }\n"
".matrix th b { font-size: 1.05rem; }\n"
".matrix td, .matrix .number { text-align: center; min-width: 9rem; }\n"
".matrix td b { display: block; font-size: 1.35rem; line-height: 1.2; }\n"
".matrix a { color: inherit; text-decoration: none; display: block; }\n"
".matrix a:hover b { text-decoration: underline; }\n"
".matrix td small { color: inherit; white-space: nowrap; }\n"
".heat-1 { background: var(--live-1); color: var(--live); }\n"
".heat-2 { background: var(--live-2); color: var(--live); }\n"
".heat-3 { background: var(--live-3); color: var(--live); }\n"
"@media (prefers-color-scheme: dark) { .heat-3 { color: #ffd0cc; } }\n"
"@media (prefers-color-scheme: light) { .heat-3 { color: #6b0f0f; } .heat-2 { color: #821515; } }\n"
".none { color: var(--good); }\n"
".group th { background: var(--panel); font-weight: 600; }\n"
".live { background: var(--live-1); color: var(--live); }\n"
".new { background: var(--new-ground); color: var(--new); font-weight: 600; }\n"
".silent { color: var(--good); }\n"
".hidden, .absent { color: var(--soft); font-style: italic; }\n"
".lost { color: var(--lost); font-weight: 600; }\n"
".findings td, .findings th { font-size: .9rem; }\n"
".all > * { border-top: 2px solid var(--line); }\n"
"article { border-top: 1px solid var(--line); padding: 1.5rem 0 .5rem; }\n"
"article:target { border-top: 4px solid var(--link); }\n"
"article h3 a { color: inherit; text-decoration: none; }\n"
"article h3 a:hover { text-decoration: underline; }\n"
"article .slug { font-size: .9rem; margin: 0 0 .5rem; }\n"
"article h4 { margin: 1.1rem 0 .1rem; font-size: .95rem; }\n"
".story { white-space: pre-wrap; background: none; border: 0; padding: 0; font: inherit; max-width: 52rem; }\n"
"label { cursor: pointer; }\n"
"body:has(#only\\:differ:checked) tr.same { display: none; }\n"
"figure { margin: .75rem 0; }\n"
"svg { display: block; width: 100%; max-width: 60rem; height: auto; }\n"
"svg path { fill: none; stroke: currentColor; }\n"
"svg text { fill: currentColor; stroke: none; font: 13px system-ui, 'DejaVu Sans', sans-serif; }\n"
"svg .w { stroke-width: 2.5; }\n"
"svg .e { font-size: 10px; }\n"
"svg .kc00000 { color: var(--c00000); } svg .k0060b0 { color: var(--c0060b0); }\n"
"svg .k008040 { color: var(--c008040); } svg .ka06000 { color: var(--ca06000); }\n"
"svg .ke0e0e0 { color: var(--ce0e0e0); }\n"
"svg .k606060, svg .k808080, svg .ka0a0a0, svg .k404040 { color: var(--soft); }\n"
"@media (max-width: 48rem) { .matrix th .soft, .matrix th br { display: none; } .matrix td, .matrix .number { min-width: 0; }\n"
"  .matrix td small { white-space: normal; } }\n"
"@media print {\n"
"  :root { --page: #fff; --ink: #000; --soft: #444; --line: #bbb; --panel: #f4f4f4; --link: #000; --live: #8a0000;\n"
"    --live-1: #fdeaea; --live-2: #fbd3d3; --live-3: #f7b5b5; --good: #0a4d20; color-scheme: light; }\n"
"  body { font-size: 10pt; } main { max-width: none; padding: 0; }\n"
"  .scroll, .scroll:has(table) { display: block; overflow: visible; max-height: none; } thead th { position: static; }\n"
"  th, td { padding: 1pt 3pt; }\n"
"  .events td, .events th, .code, pre { font-size: 7pt; white-space: pre-wrap; overflow-wrap: anywhere; }\n"
"  tr, figure { break-inside: avoid; } h3, h4 { break-after: avoid; } label { display: none; }\n"
"}\n";

void html_text(FILE *out, const char *text)
{
	while (*text) {
		unsigned char c = *text;
		int n = words_utf8(text);

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if (c == '\'')
			fputs("&#39;", out);
		else if (n && (c >= 0x20 || c == '\n' || c == '\t') && c != 0x7f)
			fwrite(text, 1, n, out);
		else	/* HTML has no way to say the others */
			fputs("\xef\xbf\xbd", out);
		text += n ? n : 1;
	}
}

void html_element(FILE *out, const char *tag, const char *text)
{
	fprintf(out, "<%s>", tag);
	html_text(out, text);
	fprintf(out, "</%.*s>", (int)strcspn(tag, " "), tag);
}

void html_begin(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	      /* the browser's word for it, too: no script, nothing fetched */
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"/>\n"
	      "<meta name=\"color-scheme\" content=\"light dark\"/>\n", out);
	html_element(out, "title", title);
	fprintf(out, "\n<style>%s</style>\n</head>\n<body>\n<main>\n", style);
}

void html_end(FILE *out)
{
	fputs("</main>\n</body>\n</html>\n", out);
}

/* ---- plots --------------------------------------------------------------- */

/* Value of attribute @name of the tag at @tag, up to its quote; NULL: it has none. */
static const char *attribute(const char *tag, const char *name, size_t *len)
{
	size_t n = strlen(name), end = strcspn(tag, ">");

	for (const char *p = tag; (p = strstr(p, name)) && p < tag + end; p += n) {
		char quote = p[n] == '=' ? p[n + 1] : 0;
		const char *close;

		if (p[-1] != ' ' || (quote != '"' && quote != '\''))
			continue;
		close = strchr(p + n + 2, quote);
		if (!close)
			return NULL;
		*len = close - (p + n + 2);
		return p + n + 2;
	}
	return NULL;
}

/* " class=kRRGGBB" of a tag's "rgb(R, G, B)", and what else is in @more. */
static void print_class(FILE *out, const char *tag, const char *name, const char *more)
{
	size_t len;
	const char *color = attribute(tag, name, &len);
	unsigned int r, g, b;

	if (color && sscanf(color, "rgb( %u , %u , %u )", &r, &g, &b) == 3)
		fprintf(out, " class=\"k%02x%02x%02x%s\"", r, g, b, more);
	else if (*more)
		fprintf(out, " class=\"%s\"", more + 1);
}

/* Points to four digits; of those on a level line the first and the last. */
static void print_points(FILE *out, const char *d, size_t len)
{
	const char *end = d + len;
	char command, held = 0;
	double x, y, last_x = 0, last_y = 0;
	bool level = false;
	int n;

	while (d < end && sscanf(d, " %c%lf,%lf%n", &command, &x, &y, &n) == 3) {
		bool flat = command == 'L' && y == last_y;

		if (held && !(flat && level && held == 'L'))
			fprintf(out, "%c%.4g,%.4g", held, last_x, last_y);
		level = flat;
		held = command;
		last_x = x;
		last_y = y;
		d += n;
	}
	if (held)
		fprintf(out, "%c%.4g,%.4g", held, last_x, last_y);
}

static void print_path(FILE *out, const char *tag, bool wide)
{
	size_t len, dashes;
	const char *d = attribute(tag, "d", &len);

	if (!d)
		return;
	fputs("<path", out);
	print_class(out, tag, "stroke", wide ? " w" : "");
	if (attribute(tag, "stroke-dasharray", &dashes))
		fputs(" stroke-dasharray=\"3 4\"", out);
	fputs(" d=\"", out);
	print_points(out, d, len);
	fputs("\"/>\n", out);
}

/* @group: the tag around it, which says where and how. */
static void print_text(FILE *out, const char *group, const char *text)
{
	static const char *const keep[] = { "transform", "text-anchor" };
	size_t len;
	const char *size = attribute(group, "font-size", &len), *value;

	fputs("<text", out);
	print_class(out, group, "fill", size && atof(size) < 13 ? " e" : "");
	for (int i = 0; i < 2; i++) {
		value = attribute(group, keep[i], &len);
		if (value)
			fprintf(out, " %s=\"%.*s\"", keep[i], (int)len, value);
	}
	/* gnuplot has escaped it; up to the next tag there can't be any markup */
	fprintf(out, ">%.*s</text>\n", (int)strcspn(text, "<"), text);
}

void html_plot(FILE *out, const char *svg, const char *label)
{
	const char *box = strstr(svg, "viewBox="), *p = strstr(svg, "</defs>"), *group = "";
	unsigned int width, height;
	bool wide = false;

	if (!p || !box || sscanf(box, "viewBox=\"0 0 %u %u\"", &width, &height) != 2)
		return;
	fprintf(out, "<figure><svg viewBox=\"0 0 %u %u\" role=\"img\" aria-label=\"", width,
		height);
	html_text(out, label);
	fputs("\">\n", out);
	for (; (p = strchr(p, '<')); p++) {
		size_t len;

		if (!strncmp(p, "<g ", 3)) {
			const char *value = attribute(p, "stroke-width", &len);

			group = p;
			wide = value ? atof(value) > 1 : wide;
		} else if (!strncmp(p, "<path ", 6)) {
			print_path(out, p, wide);
		} else if (!strncmp(p, "<text>", 6)) {
			print_text(out, group, p + 6);
		}
	}
	fputs("</svg></figure>\n", out);
}
