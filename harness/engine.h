/* SPDX-License-Identifier: GPL-2.0-only */
/* An engine's execution in two parts; LLVMFuzzerTestOneInput() does both. */
#ifndef CF_ENGINE_H
#define CF_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void engine_run(const uint8_t *data, size_t size);
/*
 * The harness has our mutator, and it made what is executed next; else that is of a corpus.
 * Where the engine has its own one there is no such thing.
 */
extern bool engine_mutated __attribute__((weak));
/* Writes down what that found that is new.  Minimising is thousands of executions. */
void engine_keep(const uint8_t *data, size_t size);

#endif
