// SPDX-License-Identifier: GPL-2.0
/*
 * What lockdep has seen of the locks by the time the other programs ended, which
 * is why this is the last by its name: each lock inside of the one before it, as
 * the head comments of vfio_pci_owner.c, vfio_iommu_type1_owned.h and iommufd's
 * owner.c say. That the other order was not seen as well is lockdep's work.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#define LOCKDEP		"/proc/lockdep"
#define MAX_CLASSES	8192
#define MAX_EDGES	(1 << 18)
#define NAME_LENGTH	96

struct lock_class {
	unsigned long key;
	char name[NAME_LENGTH];
};

/* Keys as they are read, then indices of classes */
struct edge {
	unsigned long outer, inner;
};

static struct lock_class classes[MAX_CLASSES + 1];
static struct edge edges[MAX_EDGES];
static unsigned long nr_classes, nr_edges;

/* "KEY FD: 1 BD: 2 ....: NAME", then " -> [KEY] NAME" for each inside of it */
static int read_line(const char *line, unsigned long *outer)
{
	struct lock_class *class = &classes[nr_classes];
	unsigned long key;
	const char *name;

	if (sscanf(line, " -> [%lx]", &key) == 1) {
		if (nr_edges == MAX_EDGES)
			return -ENOSPC;
		edges[nr_edges++] = (struct edge){ *outer, key };
		return 0;
	}
	name = strstr(line, ": ");
	while (name && strstr(name + 1, ": "))
		name = strstr(name + 1, ": ");
	if (!name || sscanf(line, "%lx", &key) != 1)
		return 0;
	if (nr_classes == MAX_CLASSES)
		return -ENOSPC;
	class->key = *outer = key;
	snprintf(class->name, sizeof(class->name), "%.*s",
		 (int)strcspn(name + 2, "\n"), name + 2);
	nr_classes++;
	return 0;
}

static unsigned long index_of(unsigned long key)
{
	unsigned long i;

	for (i = 0; i < nr_classes && classes[i].key != key; i++)
		;
	return i;
}

static int read_lockdep(void)
{
	FILE *file = fopen(LOCKDEP, "r");
	unsigned long i, outer = 0;
	char line[512];
	int ret = 0;

	if (!file)
		return -errno;
	while (!ret && fgets(line, sizeof(line), file))
		ret = read_line(line, &outer);
	fclose(file);
	for (i = 0; i < nr_edges; i++) {
		edges[i].outer = index_of(edges[i].outer);
		edges[i].inner = index_of(edges[i].inner);
	}
	return ret;
}

/* lockdep adds #2 to the name if another class has it */
static bool is_named(const struct lock_class *class, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(class->name, name, len) &&
	       (!class->name[len] || class->name[len] == '#');
}

/* lockdep keeps no edge that follows from others: go by all of them */
static bool is_inside(const char *outer, const char *inner)
{
	static bool seen[MAX_CLASSES + 1];
	unsigned long i, from, to;
	bool more = true;

	seen[nr_classes] = false;
	for (i = 0; i < nr_classes; i++)
		seen[i] = is_named(&classes[i], outer);
	while (more) {
		more = false;
		for (i = 0; i < nr_edges; i++) {
			from = edges[i].outer;
			to = edges[i].inner;
			if (!seen[from] || seen[to] || to == nr_classes)
				continue;
			if (is_named(&classes[to], inner))
				return true;
			seen[to] = more = true;
		}
	}
	return false;
}

FIXTURE(witness)
{
};

FIXTURE_VARIANT(witness)
{
	const char *outer, *inner;
};

#define ORDER(name, outer_lock, inner_lock) \
	FIXTURE_VARIANT_ADD(witness, name) \
	{ .outer = outer_lock, .inner = inner_lock }

/* vfio-pci as owner */
ORDER(mmap_lock_memory_lock, "&mm->mmap_lock", "&vdev->memory_lock");
ORDER(memory_lock_revoke, "&vdev->memory_lock", "vma_pin_lock");
/* type1 */
ORDER(container_mmap_lock, "&iommu->lock", "&mm->mmap_lock");
ORDER(container_memory_lock, "&iommu->lock", "&vdev->memory_lock");
ORDER(revoke_type1, "vma_pin_lock", "&iommu->owned_lock");
/* iommufd's container */
ORDER(domains_iova, "&iopt->domains_rwsem", "&iopt->iova_rwsem");
ORDER(domains_mmap_lock, "&iopt->domains_rwsem", "&mm->mmap_lock");
ORDER(domains_memory_lock, "&iopt->domains_rwsem", "&vdev->memory_lock");
ORDER(domains_unpin, "&iopt->domains_rwsem", "vma_pin_lock");
ORDER(iova_mmap_lock, "&iopt->iova_rwsem", "&mm->mmap_lock");
ORDER(iova_owned_pages, "&iopt->iova_rwsem", "&pages_owner_mutex_key");
ORDER(revoke_iommufd, "vma_pin_lock", "&pages_owner_mutex_key");

FIXTURE_SETUP(witness)
{
	int ret = read_lockdep();

	if (ret == -ENOENT)
		SKIP(return, "needs CONFIG_PROVE_LOCKING");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(witness)
{
}

TEST_F(witness, saw_it)
{
	TH_LOG("%s, and inside of it %s", variant->outer, variant->inner);
	EXPECT_TRUE(is_inside(variant->outer, variant->inner));
}

/* A lock that has none inside of it: not every question is answered by yes */
TEST_F(witness, did_not_see)
{
	EXPECT_FALSE(is_inside(variant->inner, variant->outer));
	EXPECT_FALSE(is_inside("no such lock", variant->inner));
}

TEST_HARNESS_MAIN
