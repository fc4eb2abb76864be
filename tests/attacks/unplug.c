// SPDX-License-Identifier: GPL-2.0
/*
 * A device is unplugged while its BAR is mapped for DMA, and another one comes
 * to its port. The host does it, see kit/qemu/run.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "containers.h"
#include "host.h"
#include "newcomer.h"
#include "observe.h"
#include "peer.h"

#define TIMEOUT		180
#define PORT		"port5"
#define SIZE		0x100000
#define OTHER_IOVA	0x50000000ULL

/* With memory of its own */
static bool plug(const char *name, const char *id, enum container kind, int nth)
{
	char memory[32];

	snprintf(memory, sizeof(memory), "spare%d%d", kind, nth);
	return host_plug(name, PORT, id, memory);
}

FIXTURE(unplug)
{
	struct peer peer;
	char victim[PCI_NAME_LENGTH];
	int pins;
};

FIXTURE_VARIANT(unplug)
{
	enum container kind;
};

CONTAINER_VARIANTS(unplug)

/* It is behind the last port that has one of 1 MiB */
FIXTURE_SETUP(unplug)
{
	char name[PCI_NAME_LENGTH];
	struct pci_bar bar;
	int nth;

	if (container_missing(variant->kind))
		SKIP(return, "no iommufd");
	self->pins = observe_pins();
	for (nth = 0; !pci_find(name, IVSHMEM, true, nth); nth++)
		if (!pci_bar(name, MEMORY_BAR, &bar) && bar.size == SIZE)
			strcpy(self->victim, name);
	ASSERT_LT(1, nth);
	ASSERT_EQ(0, peer_open_engine(&self->peer, variant->kind));
	ASSERT_EQ(0, peer_open_victim(&self->peer, self->victim));
	ASSERT_EQ(0, peer_map(&self->peer, PEER_BAR_IOVA));
}

FIXTURE_TEARDOWN(unplug)
{
	peer_close_victim(&self->peer);
	peer_close_engine(&self->peer);
	EXPECT_EQ(self->pins, observe_pins());
}

TEST_F_TIMEOUT(unplug, newcomer_is_safe, TIMEOUT)
{
	struct peer *peer = &self->peer;
	struct newcomer newcomer;
	struct pci_bar old;

	ASSERT_EQ(0, pci_bar(self->victim, MEMORY_BAR, &old));
	EXPECT_TRUE(peer_works(peer, 1));
	host_pull("plugged");
	usleep(500000);
	/* It stays until it is closed */
	EXPECT_TRUE(peer_works(peer, 2));
	peer_close_victim(peer);
	ASSERT_TRUE(host_wait_gone(self->victim));
	EXPECT_TRUE(peer_denied(peer));

	ASSERT_TRUE(plug(self->victim, "stranger", variant->kind, 0));
	ASSERT_EQ(0, newcomer_watch(&newcomer, self->victim));
	EXPECT_EQ(old.start, newcomer.own.start);
	EXPECT_TRUE(peer_denied(peer));
	EXPECT_TRUE(newcomer_is_whole(&newcomer));
	newcomer_close(&newcomer);

	/* And everything as it was */
	host_pull("stranger");
	ASSERT_TRUE(host_wait_gone(self->victim));
	ASSERT_TRUE(plug(self->victim, "plugged", variant->kind, 1));
	ASSERT_EQ(0, peer_open_victim(peer, self->victim));
	ASSERT_EQ(0, peer_map(peer, OTHER_IOVA));
	EXPECT_TRUE(peer_works(peer, 3));
}

TEST_HARNESS_MAIN
