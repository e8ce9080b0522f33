// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include "slice.h"

int main(int argc, char **argv)
{
	const char *tree = NULL, *manifest = NULL, *out = NULL;
	bool verbose = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-v"))
			verbose = true;
		else if (i + 1 < argc && !strcmp(argv[i], "--tree"))
			tree = argv[++i];
		else if (i + 1 < argc && !strcmp(argv[i], "--manifest"))
			manifest = argv[++i];
		else if (i + 1 < argc && !strcmp(argv[i], "--out"))
			out = argv[++i];
		else
			break;
	}
	if (i != argc || !tree || !manifest || !out) {
		fprintf(stderr, "usage: slice [-v] --tree TREE --manifest FILE --out DIR\n");
		return SLICE_USAGE;
	}
	return slice(tree, manifest, out, verbose);
}
