// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader between any two stores of a writer.
 *
 * The writer runs as ever, and at each of its barriers an image is taken of the
 * memory that its protocol guards.  Then the reader runs, on memory that is set
 * back to what another CPU could have seen while the writer was at work, and set
 * forward at the reader's own barriers.  What could it have seen?
 *
 * - x86 makes stores visible in program order (TSO), so that of two images the
 *   earlier is seen first.  Between two barriers the compiler may put plain stores
 *   and a memcpy() in any order: any of the words that changed from one image to
 *   the next may be there alone.  Here they come upwards or downwards.
 * - Loads are in program order, too, but plain loads between two barriers are the
 *   compiler's to order: each may be before or after what was stored meanwhile.
 *   A READ_ONCE() stays where it is.
 * - A word is 8 bytes: what is aligned isn't torn.  A word that was stored twice
 *   between two barriers shows the last value only, as the compiler may merge them.
 *
 * A reader that finds an update in progress tries again while the writer goes on:
 * after LOADS load points the writer is done.
 */
#include <string.h>

#include "interleave.h"

#define IMAGES 8
#define WORDS (INTERLEAVE_BYTES / 8)
#define LOADS 16

bool interleave_watched, interleave_replayed;

static struct {
	u8 *start;
	u32 size, nr_words, nr_images;
} update;
static struct {
	struct schedule schedule;
	u32 segment;			/* between two load points */
} reader;
static u64 images[IMAGES][WORDS];	/* [0]: before the update */

/* ---- the writer ---------------------------------------------------------- */

static void take_image(void)
{
	u64 *image = images[update.nr_images++];

	image[update.nr_words - 1] = 0;
	memcpy(image, update.start, update.size);
}

void interleave_watch(void *start, u32 size)
{
	update.start = start;
	update.size = size < INTERLEAVE_BYTES ? size : INTERLEAVE_BYTES;
	update.nr_words = (update.size + 7) / 8;
	update.nr_images = 0;
	take_image();
	interleave_watched = true;
}

void interleave_cancel(void)
{
	update.nr_images = 0;
	interleave_watched = interleave_replayed = false;
}

void interleave_stored(void)
{
	if (!memcmp(images[update.nr_images - 1], update.start, update.size))
		return;
	/* of an update that has too many barriers the last ones count for one */
	if (update.nr_images == IMAGES)
		update.nr_images--;
	take_image();
}

u32 interleave_update(void)
{
	u32 stores = 0;

	if (interleave_watched) {
		interleave_stored();
		interleave_watched = update.nr_images == 1;
	}
	for (u32 i = 1; i < update.nr_images; i++)
		for (u32 w = 0; w < update.nr_words; w++)
			stores += images[i][w] != images[i - 1][w];
	return stores;
}

/* ---- the reader ---------------------------------------------------------- */

/* What is visible after @stores of them. */
static void compose(u64 *words, u32 stores)
{
	memcpy(words, images[0], 8 * update.nr_words);
	for (u32 i = 1; i < update.nr_images; i++)
		for (u32 n = 0; n < update.nr_words; n++) {
			u32 w = reader.schedule.backwards ?
				update.nr_words - 1 - n : n;

			if (images[i][w] == images[i - 1][w])
				continue;
			if (!stores--)
				return;
			words[w] = images[i][w];
		}
}

static void show(void)
{
	const struct schedule *s = &reader.schedule;
	u64 words[WORDS], then[WORDS];

	compose(words, reader.segment > s->load ? s->then : s->store);
	if (reader.segment == s->load) {
		compose(then, s->then);
		for (u32 w = 0; w < update.nr_words; w++)
			if (s->fresh >> w % 8 & 1)
				words[w] = then[w];
	}
	memcpy(update.start, words, update.size);
}

void interleave_writer_ends(void)
{
	reader.schedule.store = reader.schedule.then = ~0u;
	show();
}

void interleave_loads(void)
{
	if (++reader.segment == LOADS)
		interleave_writer_ends();
	else if (reader.segment <= reader.schedule.load + 1)
		show();
}

void interleave_begin(const struct schedule *schedule)
{
	reader.schedule = *schedule;
	reader.segment = 0;
	interleave_replayed = true;
	show();
}

void interleave_end(void)
{
	interleave_writer_ends();
	interleave_replayed = false;
}
