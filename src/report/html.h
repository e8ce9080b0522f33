/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page for browsers: one file, no script, and nothing that it would fetch.  Whatever
 * is given as text is text: no markup comes out of it.  It is well-formed XML, too.
 */
#ifndef CF_HTML_H
#define CF_HTML_H

#include <stdio.h>

/* Up to <main>, and from </main> on. */
void html_begin(FILE *out, const char *title);
void html_end(FILE *out);

void html_text(FILE *out, const char *text);

/* <@tag>@text</tag>; @tag may have attributes: "td class=number". */
void html_element(FILE *out, const char *tag, const char *text);

/*
 * gnuplot's SVG without what a browser doesn't need, and with classes for its colours,
 * which the page chooses; @label says it to those who can't see it.
 */
void html_plot(FILE *out, const char *svg, const char *label);

#endif
