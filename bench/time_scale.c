// SPDX-License-Identifier: GPL-2.0-only
/*
 * time_scale [FROM TO STEP]: kvm_get_time_scale() of 1 GHz and each frequency, as kvmclock
 * uses it.  It has loops, so nothing is proven of it here; but Hz are few enough to try.
 *
 * The relative error is (mul * hz * 2^(shift - 32) - 10^9) / 10^9, kept exact as a whole
 * number of 2^-SCALE / 10^9.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "../src/kernel/adapter.h"

#define SCALE 40			/* shift - 32 + SCALE isn't negative */

struct extreme {
	s128 error;
	u64 hz;
	int shift;
	u32 mul;
};

static void print(const char *what, const struct extreme *e)
{
	double relative = (double)e->error / ldexp(1e9, SCALE);

	char power[32] = "0";

	if (e->error)
		snprintf(power, sizeof(power), "%s2^%.4f", relative < 0 ? "-" : "",
			 log2(fabs(relative)));
	printf("%s\t%.6g\t%s\t%llu\t%d\t%u\n", what, relative, power, e->hz, e->shift, e->mul);
}

int main(int argc, char **argv)
{
	u64 from = argc > 3 ? strtoull(argv[1], NULL, 10) : 1000;
	u64 to = argc > 3 ? strtoull(argv[2], NULL, 10) : 10000000000ull;
	u64 step = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	struct extreme low = { .error = (s128)1 << 100 }, high = { .error = -((s128)1 << 100) };
	int least = 127, most = -128;
	u64 nr = 0;

	for (u64 hz = from; hz <= to; hz += step, nr++) {
		struct extreme e = { .hz = hz };
		s8 shift;

		host_time_scale(CF_NS_PER_SEC, hz, &shift, &e.mul);
		e.shift = shift;
		if (shift < least)
			least = shift;
		if (shift > most)
			most = shift;
		if (shift < 32 - SCALE || shift > 40 || !(e.mul >> 31)) {
			printf("bad\t-\t-\t%llu\t%d\t%u\n", hz, shift, e.mul);
			return 1;
		}
		e.error = ((s128)((u128)e.mul * hz) << (shift - 32 + SCALE)) -
			  ((s128)CF_NS_PER_SEC << SCALE);
		if (e.error < low.error)
			low = e;
		if (e.error > high.error)
			high = e;
	}
	printf("what\trelative error\tas a power\tHz\tshift\tmul\n");
	print("least", &low);
	print("most", &high);
	printf("shifts\t-\t-\t%llu values\t%d to %d\t-\n", nr, least, most);
	return 0;
}
