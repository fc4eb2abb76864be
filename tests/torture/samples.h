/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sample modules, for the programs of this folder: 0 or a negative errno. And
 * what else differs between kernels.
 */
#ifndef _SAMPLES_H
#define _SAMPLES_H

#include <stdbool.h>

int load(const char *module, const char *params);
int unload(const char *module);
/* What a process that died let go of may be freed a little later */
int unload_soon(const char *module);

/* Older kernels' VFIO refuses what its driver owns, as all that has no pages */
bool vfio_takes_owned(void);

#endif
