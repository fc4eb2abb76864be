/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sample modules, for the programs of this folder. Each returns 0 or a negative
 * errno.
 */
#ifndef _SAMPLES_H
#define _SAMPLES_H

int load(const char *module, const char *params);
int unload(const char *module);
/* What a process that died let go of may be freed a little later */
int unload_soon(const char *module);

#endif
