// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_grow SIGNATURE EVENTS SEED OUT [FILE]
 *
 * Writes to OUT, as engines write their inputs, a random scenario of exactly
 * EVENTS events that gives a finding of SIGNATURE ("LAW CLOCK EVENT"): what
 * bench/minimize.sh shrinks.  What random scenarios don't give in some million
 * tries is made by putting random events between those of FILE, a binary
 * scenario that does.  Exit code 1: not even that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../src/file.h"
#include "../src/oracle/run.h"
#include "../src/report/known.h"
#include "../src/scenario/mutate.h"

#define MAX_BYTES 8192
#define TRIES 300000

static const char *wanted;
static bool hit;
static u64 state;

static u64 rnd(void)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return state >> 16;
}

static void sink(const struct finding *f)
{
	char signature[128];

	known_signature(f, signature);
	hit |= !strcmp(signature, wanted);
}

static bool holds(const struct scenario *s)
{
	hit = false;
	run_scenario(s, subject, NULL);
	return hit;
}

static void random_scenario(struct scenario *s)
{
	u8 buf[MAX_BYTES];
	size_t size = 2000 + rnd() % 2000;

	for (size_t i = 0; i < size; i++)
		buf[i] = rnd();
	for (int i = 0; i < 8; i++)
		size = scenario_mutate(buf, size, sizeof(buf), rnd());
	scenario_decode(s, buf, size);
}

/* Random events one by one, each only if the finding stays. */
static bool fill(struct scenario *s, u32 events)
{
	static struct scenario other, try;

	for (u32 tries = 0; s->nr_events < events && tries < TRIES; tries++) {
		u32 at = rnd() % (s->nr_events + 1);

		random_scenario(&other);
		if (!other.nr_events)
			continue;
		try = *s;
		memmove(&try.events[at + 1], &try.events[at],
			(try.nr_events - at) * sizeof(try.events[0]));
		try.events[at] = other.events[rnd() % other.nr_events];
		try.nr_events++;
		if (!scenario_invalid(&try) && holds(&try))
			*s = try;
	}
	return s->nr_events == events;
}

int main(int argc, char **argv)
{
	static struct file_new new;
	static struct scenario s;
	static u8 buf[MAX_BYTES];
	const char *how = "random";
	size_t size = 0;
	u32 events;
	long n;

	if (argc < 5)
		return 2;
	wanted = argv[1];
	events = atoi(argv[2]);
	state = atoi(argv[3]);
	law_set_sink(sink);
	for (u32 i = 0; i < TRIES && !size; i++) {
		random_scenario(&s);
		if (s.nr_events < events)
			continue;
		s.nr_events = events;
		if (holds(&s))
			size = scenario_encode(&s, buf, sizeof(buf));
	}
	if (!size && argc > 5) {
		how = "interleaved";
		n = file_read(argv[5], (char *)buf, sizeof(buf));
		if (n < 0)
			return 2;
		scenario_decode(&s, buf, n);
		if (holds(&s) && fill(&s, events))
			size = scenario_encode(&s, buf, sizeof(buf));
	}
	if (!size)
		return 1;
	if (file_create(&new, argv[4]))
		return 2;
	fwrite(buf, 1, size, new.out);
	if (file_commit(&new, false))
		return 2;
	puts(how);
	return 0;
}
