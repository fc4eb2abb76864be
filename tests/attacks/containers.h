/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For which containers a program does all of its tests: a fixture, whose
 * variant has a @kind, and CONTAINER_VARIANTS() of it.
 */
#ifndef _CONTAINERS_H
#define _CONTAINERS_H

#include "vfio.h"

#define CONTAINER_VARIANT(fixture, name, container) \
	FIXTURE_VARIANT_ADD(fixture, name) { .kind = container };

#define CONTAINER_VARIANTS(fixture) \
	CONTAINER_VARIANT(fixture, type1, CONTAINER_TYPE1) \
	CONTAINER_VARIANT(fixture, compat, CONTAINER_COMPAT)

#endif
