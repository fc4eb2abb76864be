// SPDX-License-Identifier: GPL-2.0
/*
 * The BAR of a virtual function is mapped through sysfs, and for DMA, when the
 * function goes: its physical function takes it back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "bar_file.h"
#include "containers.h"
#include "observe.h"
#include "peer.h"

#define TIMEOUT		180
#define REGISTERS	0		/* the BAR: 16 KiB */
#define OTHER_IOVA	0x50000000ULL

FIXTURE(functions)
{
	struct peer peer;
	struct bar_file file;
	char physical[PCI_NAME_LENGTH];
	char virtual[PCI_NAME_LENGTH];
	int pins;
};

FIXTURE_VARIANT(functions)
{
	enum container kind;
};

CONTAINER_VARIANTS(functions)

static bool has_file(const char *name, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", name, file);
	return !access(path, F_OK);
}

static int find_physical(char name[PCI_NAME_LENGTH])
{
	int nth;

	for (nth = 0; !pci_find(name, NVME, true, nth); nth++)
		if (has_file(name, "sriov_numvfs"))
			return 0;
	return -ENODEV;
}

static int find_virtual(const char *physical, char name[PCI_NAME_LENGTH])
{
	char path[128], link[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn0",
		 physical);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = '\0';
	snprintf(name, PCI_NAME_LENGTH, "%.*s", PCI_NAME_LENGTH - 1,
		 strrchr(link, '/') + 1);
	return 0;
}

static int make_virtual(FIXTURE_DATA(functions) *self)
{
	int ret = pci_write(self->physical, "sriov_numvfs", "1");

	return ret ?: find_virtual(self->physical, self->virtual);
}

static int open_virtual(FIXTURE_DATA(functions) *self)
{
	struct peer *peer = &self->peer;
	int ret = bar_file_open(&self->file, self->virtual, REGISTERS,
				BAR_SYSFS);

	if (ret)
		return ret;
	peer->size = self->file.bar.size;
	peer->bar = bar_file_map(&self->file, PROT_READ | PROT_WRITE,
				 MAP_SHARED);
	return peer->bar == MAP_FAILED ? -errno : 0;
}

FIXTURE_SETUP(functions)
{
	if (container_missing(variant->kind))
		SKIP(return, "no iommufd");
	self->pins = observe_pins();
	if (find_physical(self->physical))
		SKIP(return, "no SR-IOV");
	ASSERT_EQ(0, pci_bind_to(self->physical, "pci-pf-stub"));
	ASSERT_EQ(0, make_virtual(self));
	ASSERT_EQ(0, peer_open_engine(&self->peer, variant->kind));
	ASSERT_EQ(0, open_virtual(self));
	ASSERT_EQ(0, peer_map(&self->peer, PEER_BAR_IOVA));
}

FIXTURE_TEARDOWN(functions)
{
	peer_close_victim(&self->peer);
	bar_file_close(&self->file);
	peer_close_engine(&self->peer);
	pci_write(self->physical, "sriov_numvfs", "0");
	EXPECT_EQ(self->pins, observe_pins());
}

static bool is_denied(struct peer *peer)
{
	return edu_faults(&peer->edu, edu_read, peer->iova + PEER_PLACE);
}

TEST_F_TIMEOUT(functions, virtual_one_goes, TIMEOUT)
{
	struct peer *peer = &self->peer;
	uint64_t start = self->file.bar.start;

	EXPECT_FALSE(is_denied(peer));
	EXPECT_FALSE(read_is_sigbus(peer->bar));
	ASSERT_EQ(0, pci_write(self->physical, "sriov_numvfs", "0"));
	EXPECT_TRUE(is_denied(peer));
	EXPECT_TRUE(read_is_sigbus(peer->bar));
	EXPECT_EQ(-ENODEV, container_map(peer->container, peer->bar, peer->size,
					 OTHER_IOVA));

	/* The next one has its address, and is another one */
	ASSERT_EQ(0, make_virtual(self));
	EXPECT_TRUE(is_denied(peer));
	EXPECT_TRUE(read_is_sigbus(peer->bar));
	EXPECT_EQ(-ENODEV, container_map(peer->container, peer->bar, peer->size,
					 OTHER_IOVA));
	EXPECT_EQ((int64_t)peer->size,
		  container_unmap(peer->container, peer->iova, peer->size));
	munmap(peer->bar, peer->size);
	bar_file_close(&self->file);
	ASSERT_EQ(0, open_virtual(self));
	EXPECT_EQ(start, self->file.bar.start);
	ASSERT_EQ(0, peer_map(peer, OTHER_IOVA));
	EXPECT_FALSE(is_denied(peer));
}

TEST_HARNESS_MAIN
