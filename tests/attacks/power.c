// SPDX-License-Identifier: GPL-2.0
/*
 * A device in low power: who has its BAR meanwhile, and who gets it back when
 * it wakes up by itself.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "containers.h"
#include "native.h"
#include "observe.h"
#include "peer.h"

#define TIMEOUT		120
#define LONG_TIMEOUT	600
#define ROUNDS		1000

static int enter(const struct vfio_device *dev)
{
	return vfio_feature_set(dev, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				NULL, 0);
}

static int leave(const struct vfio_device *dev)
{
	return vfio_feature_set(dev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				NULL, 0);
}

/* An eventfd, of the wakeup */
static int enter_with_wakeup(const struct vfio_device *dev)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
	};
	int ret;

	ret = vfio_feature_set(dev,
			       VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			       &entry, sizeof(entry));
	if (!ret)
		return entry.wakeup_eventfd;
	close(entry.wakeup_eventfd);
	return ret;
}

static bool sleeps(const struct vfio_device *dev)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (pci_power_is(dev->name, "suspended"))
			return true;
		usleep(10000);
	}
	return false;
}

/* ---- by address ---- */

FIXTURE(power)
{
	struct peer peer;
	int pins;
};

FIXTURE_VARIANT(power)
{
	enum container kind;
};

CONTAINER_VARIANTS(power)

FIXTURE_SETUP(power)
{
	if (container_missing(variant->kind))
		SKIP(return, "no iommufd");
	self->pins = observe_pins();
	ASSERT_EQ(0, peer_open(&self->peer, variant->kind, IVSHMEM));
	if (!pci_power_is(self->peer.victim.name, "active"))
		SKIP(return, "no CONFIG_PM");
}

FIXTURE_TEARDOWN(power)
{
	peer_close_victim(&self->peer);
	peer_close_engine(&self->peer);
	EXPECT_EQ(self->pins, observe_pins());
}

/* Nor does what else gives BARs back */
TEST_F_TIMEOUT(power, stays_away, TIMEOUT)
{
	struct vfio_device *victim = &self->peer.victim;

	EXPECT_TRUE(peer_works(&self->peer, 1));
	ASSERT_EQ(0, enter(victim));
	EXPECT_TRUE(peer_denied(&self->peer));
	ASSERT_EQ(0, peer_decode(&self->peer, true));
	ASSERT_EQ(0, vfio_reset(victim));
	EXPECT_TRUE(peer_denied(&self->peer));
	ASSERT_EQ(0, leave(victim));
	EXPECT_TRUE(peer_works(&self->peer, 2));
}

/* What comes first, power or decode, does not matter */
TEST_F_TIMEOUT(power, wakes_up_without_decode, TIMEOUT)
{
	int wakeup;

	ASSERT_EQ(0, peer_decode(&self->peer, false));
	wakeup = enter_with_wakeup(&self->peer.victim);
	ASSERT_LE(0, wakeup);
	ASSERT_TRUE(sleeps(&self->peer.victim));
	EXPECT_LE(0, vfio_config_read16(&self->peer.victim, PCI_COMMAND));
	EXPECT_TRUE(peer_denied(&self->peer));
	ASSERT_EQ(0, peer_decode(&self->peer, true));
	EXPECT_TRUE(peer_works(&self->peer, 1));
	close(wakeup);
}

/*
 * To wake up takes what importers have back to them, with the lock held that
 * everybody waits for who touches the device. Meanwhile they map and unmap.
 */
struct sleeper {
	const struct vfio_device *dev;
	atomic_int rounds;
	atomic_int ret;
	int asleep;
};

static void *sleep_and_wake(void *data)
{
	struct sleeper *sleeper = data;
	int wakeup;

	while (!sleeper->ret && atomic_load(&sleeper->rounds)) {
		wakeup = enter_with_wakeup(sleeper->dev);
		if (wakeup < 0) {
			sleeper->ret = wakeup;
			break;
		}
		usleep(1000);
		sleeper->asleep += pci_power_is(sleeper->dev->name, "suspended");
		if (vfio_config_read16(sleeper->dev, PCI_COMMAND) < 0)
			sleeper->ret = -EIO;
		close(wakeup);
		/* If it had not been asleep, nothing has woken it up */
		if (leave(sleeper->dev))
			sleeper->ret = -EIO;
	}
	return NULL;
}

TEST_F_TIMEOUT(power, races_with_wakeup, LONG_TIMEOUT)
{
	struct sleeper sleeper = {
		.dev = &self->peer.victim,
		.rounds = ROUNDS,
	};
	struct peer *peer = &self->peer;
	int had = 0, ret = 0;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, sleep_and_wake, &sleeper));
	for (; sleeper.rounds; sleeper.rounds--) {
		if (container_unmap(peer->container, peer->iova, peer->size) !=
		    (int64_t)peer->size)
			break;
		do {
			ret = peer_map(peer, peer->iova);
		} while (ret == -ENODEV && !sleeper.ret);
		if (ret)
			break;
		had++;
	}
	sleeper.rounds = 0;
	pthread_join(thread, NULL);
	ASSERT_EQ(0, ret);
	EXPECT_EQ(ROUNDS, had);
	EXPECT_EQ(0, sleeper.ret);
	EXPECT_LT(0, sleeper.asleep);
	EXPECT_TRUE(peer_works(peer, 1));
}

/* ---- by dma-buf, of the same devices ---- */

#define IOVA	0x40000000ULL

FIXTURE(dmabuf)
{
	struct native native;
	struct vfio_device dev;
	struct pci_bar bar;
	int dmabuf;
};

FIXTURE_SETUP(dmabuf)
{
	char name[PCI_NAME_LENGTH];

	ASSERT_EQ(0, pci_find(name, IVSHMEM, true, 0));
	ASSERT_EQ(0, pci_bar(name, MEMORY_BAR, &self->bar));
	if (access("/dev/iommu", F_OK))
		SKIP(return, "no iommufd");
	ASSERT_EQ(0, native_open(&self->native));
	ASSERT_EQ(0, native_attach(&self->native, &self->dev, name));
	ASSERT_EQ(0, vfio_command(&self->dev, PCI_COMMAND_MEMORY, 0));
	self->dmabuf = vfio_dmabuf(&self->dev, MEMORY_BAR, self->bar.size);
	ASSERT_LE(0, self->dmabuf);
}

FIXTURE_TEARDOWN(dmabuf)
{
	close(self->dmabuf);
	vfio_close(&self->dev);
	native_close(&self->native);
}

/* 0 if it can be mapped just now */
static int try_map(FIXTURE_DATA(dmabuf) *self, int dmabuf)
{
	int ret;

	ret = native_map_dmabuf(&self->native, dmabuf, self->bar.size, IOVA);
	return ret ?: native_unmap(&self->native, IOVA, self->bar.size);
}

TEST_F_TIMEOUT(dmabuf, goes_with_decode, TIMEOUT)
{
	EXPECT_EQ(0, try_map(self, self->dmabuf));
	ASSERT_EQ(0, vfio_command(&self->dev, 0, PCI_COMMAND_MEMORY));
	EXPECT_EQ(-ENODEV, try_map(self, self->dmabuf));
	ASSERT_EQ(0, vfio_command(&self->dev, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(0, try_map(self, self->dmabuf));
}

TEST_F_TIMEOUT(dmabuf, stays_away_in_low_power, TIMEOUT)
{
	ASSERT_EQ(0, enter(&self->dev));
	EXPECT_EQ(-ENODEV, try_map(self, self->dmabuf));
	ASSERT_EQ(0, vfio_command(&self->dev, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(-ENODEV, try_map(self, self->dmabuf));
	ASSERT_EQ(0, leave(&self->dev));
	EXPECT_EQ(0, try_map(self, self->dmabuf));
}

TEST_F_TIMEOUT(dmabuf, stays_away_from_a_reset_in_low_power, TIMEOUT)
{
	ASSERT_EQ(0, enter(&self->dev));
	ASSERT_EQ(0, vfio_reset(&self->dev));
	EXPECT_EQ(-ENODEV, try_map(self, self->dmabuf));
	ASSERT_EQ(0, leave(&self->dev));
	EXPECT_EQ(0, try_map(self, self->dmabuf));
}

TEST_F_TIMEOUT(dmabuf, made_in_low_power, TIMEOUT)
{
	int late;

	ASSERT_EQ(0, enter(&self->dev));
	late = vfio_dmabuf(&self->dev, MEMORY_BAR, self->bar.size);
	ASSERT_LE(0, late);
	EXPECT_EQ(-ENODEV, try_map(self, late));
	ASSERT_EQ(0, leave(&self->dev));
	EXPECT_EQ(0, try_map(self, late));
	close(late);
}

TEST_F_TIMEOUT(dmabuf, back_after_wakeup, TIMEOUT)
{
	int wakeup;

	if (!pci_power_is(self->dev.name, "active"))
		SKIP(return, "no CONFIG_PM");
	wakeup = enter_with_wakeup(&self->dev);
	ASSERT_LE(0, wakeup);
	ASSERT_TRUE(sleeps(&self->dev));
	EXPECT_EQ(-ENODEV, try_map(self, self->dmabuf));
	EXPECT_LE(0, vfio_config_read16(&self->dev, PCI_COMMAND));
	EXPECT_EQ(0, try_map(self, self->dmabuf));
	close(wakeup);
}

TEST_HARNESS_MAIN
