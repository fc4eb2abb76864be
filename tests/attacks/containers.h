/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For which containers a program does all of its tests: a fixture, whose
 * variant has a @kind, and CONTAINER_VARIANTS() of it.
 */
#ifndef _CONTAINERS_H
#define _CONTAINERS_H

#include "bar_file.h"
#include "vfio.h"

#define CONTAINER_VARIANT(fixture, name, container) \
	FIXTURE_VARIANT_ADD(fixture, name) { .kind = container };

#define CONTAINER_VARIANTS(fixture) \
	CONTAINER_VARIANT(fixture, type1, CONTAINER_TYPE1) \
	CONTAINER_VARIANT(fixture, compat_v1, CONTAINER_COMPAT_V1) \
	CONTAINER_VARIANT(fixture, compat, CONTAINER_COMPAT)

#define BAR_FILE_VARIANT(fixture, name, container, file) \
	FIXTURE_VARIANT_ADD(fixture, name) { .kind = container, .way = file };

/* Each container and, in the way of procfs, those of today */
#define BAR_FILE_VARIANTS(fixture) \
	FIXTURE_VARIANT(fixture) { enum container kind; enum bar_way way; }; \
	CONTAINER_VARIANT(fixture, type1_v1, CONTAINER_TYPE1_V1) \
	CONTAINER_VARIANT(fixture, type1, CONTAINER_TYPE1) \
	CONTAINER_VARIANT(fixture, compat_v1, CONTAINER_COMPAT_V1) \
	CONTAINER_VARIANT(fixture, compat, CONTAINER_COMPAT) \
	BAR_FILE_VARIANT(fixture, type1_procfs, CONTAINER_TYPE1, BAR_PROCFS) \
	BAR_FILE_VARIANT(fixture, compat_procfs, CONTAINER_COMPAT, BAR_PROCFS)

#endif
