// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include "slice.h"

int main(int argc, char **argv)
{
	const char *tree = NULL, *manifest = NULL, *out = NULL;
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--tree"))
			tree = argv[i + 1];
		else if (!strcmp(argv[i], "--manifest"))
			manifest = argv[i + 1];
		else if (!strcmp(argv[i], "--out"))
			out = argv[i + 1];
		else
			break;
	}
	if (i != argc || !tree || !manifest || !out) {
		fprintf(stderr, "usage: slice --tree TREE --manifest FILE --out DIR\n");
		return SLICE_USAGE;
	}
	return slice(tree, manifest, out);
}
