/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text form of a corpus file.
 *
 *	# story, kept as it is
 *	harness fuzz_timeline
 *	expect 8006399342167092479 not 5175860260
 *
 *	machine
 *	  tsc_khz 2304000
 *	  cpus 2
 *	  ...
 *	host 1                 # in what it differs, for VMs that migrate
 *	  tsc_khz 3000000
 *	events
 *	  advance 5 s          # comment at a line's end is kept too
 *	  run-vcpu 0 on cpu 1
 *
 * and for a harness over a pure function, instead of machine and events:
 *
 *	fields
 *	  delta 3
 *	  mul 0xffffffff
 */
#ifndef CF_TEXT_H
#define CF_TEXT_H

#include <stdio.h>
#include "scenario.h"

struct text_error {
	int line, column;		/* from 1 */
	char message[512];
};

/* What must happen, on every tree; which tree has which bug is known.h's. */
enum text_expect {
	TEXT_EXPECT_NOTHING,		/* says nothing */
	TEXT_EXPECT_SILENT,		/* "silent": no law breaks */
	TEXT_EXPECT_FIGURE,		/* a finding's values, in its unit */
};

struct text_file {
	char harness[32];
	enum text_expect expect;
	s128 figure;			/* TEXT_EXPECT_FIGURE: the actual value... */
	bool has_right;
	s128 right;			/* ...and, if given, the expected one */
	bool is_timeline;		/* harness is fuzz_timeline */
	struct scenario scenario;	/* when is_timeline */
	char fields[4096];		/* else: "name value\n"... for input_redirect() */
	char *comments;			/* see text_print(); owned */
};

/* Parses @len bytes.  0, or -1 with @err set.  Free with text_free(). */
int text_parse(struct text_file *file, const char *buf, size_t len,
	       struct text_error *err);
void text_free(struct text_file *file);

/* Has a finding of @got, where @want is right, the figure that @file expects? */
bool text_is_figure(const struct text_file *file, s128 got, s128 want);

/*
 * Is @path named as engines name their inputs (crash-..., a SHA-1, id:...,
 * *.bin), so that it holds bytes to decode?  All else is text.
 */
bool text_is_engine_input(const char *path);

/*
 * Writes the canonical text, comments where they stood.  Parsing the output
 * gives @file again; printing that gives the same bytes.
 */
void text_print(const struct text_file *file, FILE *out);

/* Units for people: "5 s", "1.5 ms" only when exact, else "1234567 ns". */
void text_print_machines(const struct scenario *s, FILE *out);
void text_print_event(const struct event *event, FILE *out);

#endif
