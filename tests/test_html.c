// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../src/report/html.h"
#include "../src/report/report.h"
#include "../src/report/words.h"

static char captured[1 << 16];

static FILE *capture(void)
{
	memset(captured, 0, sizeof(captured));
	return fmemopen(captured, sizeof(captured), "w");
}

static const char *as_text(const char *text)
{
	FILE *out = capture();

	html_text(out, text);
	fclose(out);
	return captured;
}

#define FFFD "\xef\xbf\xbd"

Test(html, text_is_text)
{
	cr_expect_str_eq(as_text("a < b && c > \"d\" 'e'\n\t"),
			 "a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#39;e&#39;\n\t");
	cr_expect_str_eq(as_text("\x1b[31m\x7f\r"), FFFD "[31m" FFFD FFFD);
	cr_expect_str_eq(as_text("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x95\x92"),
			 "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x95\x92");
}

/* Each byte that begins nothing is one U+FFFD; what follows is read again. */
Test(html, utf8_is_what_the_standard_allows)
{
	static const struct { const char *bytes; int length; } cases[] = {
		{ "a", 1 }, { "\x7f", 1 }, { "\x80", 0 }, { "\xbf", 0 },
		{ "\xc2\x80", 2 }, { "\xdf\xbf", 2 }, { "\xc1\xbf", 0 }, { "\xc2", 0 },
		{ "\xe0\xa0\x80", 3 }, { "\xe0\x9f\xbf", 0 }, { "\xed\x9f\xbf", 3 },
		{ "\xed\xa0\x80", 0 }, { "\xee\x80\x80", 3 }, { "\xe2\x82", 0 },
		{ "\xf0\x90\x80\x80", 4 }, { "\xf0\x8f\xbf\xbf", 0 },
		{ "\xf4\x8f\xbf\xbf", 4 }, { "\xf4\x90\x80\x80", 0 }, { "\xf8\x88\x80\x80\x80", 0 },
		{ "\xff", 0 }, { "\xc3<", 0 },
	};
	FILE *out;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(words_utf8(cases[i].bytes), cases[i].length, "case %zu", i);
	cr_expect_str_eq(as_text("\xc3<b>"), FFFD "&lt;b&gt;");
	out = capture();
	report_json_string(out, "\xc3\"\xff\x01\xc3\xa4");
	fclose(out);
	cr_expect_str_eq(captured, "\"\\ufffd\\\"\\ufffd\\u0001\xc3\xa4\"");
}

Test(html, elements_close)
{
	FILE *out = capture();

	html_element(out, "td class=\"a b\"", "<");
	fclose(out);
	cr_expect_str_eq(captured, "<td class=\"a b\">&lt;</td>");
}

/* As gnuplot 5.4 draws it, in little. */
static const char picture[] =
"<?xml version=\"1.0\"?>\n<svg \n viewBox=\"0 0 100 72\"\n xmlns=\"http://www.w3.org/2000/svg\">\n"
"<title>Gnuplot</title>\n<defs>\n\t<path id='gpPt0' stroke-width='0.205' d='M-1,0 h2'/>\n</defs>\n"
"<g fill=\"none\" color=\"black\" stroke-width=\"1.00\">\n"
"\t<path stroke='rgb( 96,  96,  96)'  d='M1.00,2.00 L3.25,2.00  '/>\t<g transform=\"translate(5.00,6.00) rotate(-90)\" stroke=\"none\" fill=\"rgb(192,0,0)\" font-family=\"sans\" font-size=\"10.00\"  text-anchor=\"end\">\n"
"\t\t<text>a &lt; b</text>\n\t</g>\n</g>\n"
"<g fill=\"none\" stroke-width=\"2.50\">\n"
"\t<path stroke='rgb(  0,  96, 176)'  stroke-dasharray='2.5,4.0' d='M0.00,1.00 L1.00,1.00 L2.00,1.00 L3.00,1.00\n\t\tL3.00,9.00 L4.00,9.00 M7.00,9.00 L8.00,9.00  '/></g>\n"
"</svg>\n";

Test(html, a_plot_loses_nothing_that_is_seen)
{
	FILE *out = capture();

	html_plot(out, picture, "a \"plot\"");
	fclose(out);
	cr_expect_str_eq(captured,
		"<figure><svg viewBox=\"0 0 100 72\" role=\"img\" aria-label=\"a &quot;plot&quot;\">\n"
		"<path class=\"k606060\" d=\"M1,2L3.25,2\"/>\n"
		"<text class=\"kc00000 e\" transform=\"translate(5.00,6.00) rotate(-90)\" text-anchor=\"end\">a &lt; b</text>\n"
		"<path class=\"k0060b0 w\" stroke-dasharray=\"3 4\" d=\"M0,1L3,1L3,9L4,9M7,9L8,9\"/>\n"
		"</svg></figure>\n");
	out = capture();
	html_plot(out, "no picture at all", "");
	fclose(out);
	cr_expect_str_empty(captured);
}
