// SPDX-License-Identifier: GPL-2.0
/*
 * Gives a PCI Express device of QEMU a resizable BAR, which none has. The device has
 * all of its memory at any time; how much its BAR shows is what config space says
 * here. A BAR that shows less need not be aligned to what there is: then QEMU has the
 * rest of it below or above, where the bridge lets nothing through.
 *
 * The device that was there when this is loaded knows nothing of it; the one that a
 * rescan finds in its place does. It stays loaded.
 */
#include <linux/bits.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "vo_device.h"

#define BAR		2
#define CAPABILITY	PCI_CFG_SPACE_SIZE
#define REGISTER	(PCI_BASE_ADDRESS_0 + 4 * BAR)
/* 1, 2 and 4 MiB, which there are, and 128 TiB, for which there is no room */
#define SIZES		(BIT(4) | BIT(5) | BIT(6) | BIT(31))
#define SIZE_SHIFT	8
#define SIZE_MASK	GENMASK(13, SIZE_SHIFT)

static struct pci_ops *real_ops;
static unsigned int rebar_devfn;

/* What of config space is not the device's own */
static DEFINE_RAW_SPINLOCK(lock);
static u64 address;		/* as it was written */
static u32 flags;		/* of the BAR */
static u32 control = BIT(5) | BAR;	/* one BAR, of 1 MiB */

static u64 shown_address(void)
{
	u64 size = (u64)SZ_1M << ((control & SIZE_MASK) >> SIZE_SHIFT);

	return (address & ~(size - 1)) | flags;
}

static bool shown(int where, u32 *value)
{
	switch (where) {
	case REGISTER:
		*value = lower_32_bits(shown_address());
		return true;
	case REGISTER + 4:
		*value = upper_32_bits(shown_address());
		return true;
	case CAPABILITY:
		*value = PCI_EXT_CAP_ID_REBAR | BIT(16);
		return true;
	case CAPABILITY + PCI_REBAR_CAP:
		*value = SIZES;
		return true;
	case CAPABILITY + PCI_REBAR_CTRL:
		*value = control;
		return true;
	}
	return false;
}

static void take(int where, u32 value)
{
	switch (where) {
	case REGISTER:
		address = (address & ~(u64)U32_MAX) | value;
		break;
	case REGISTER + 4:
		address = (u32)address | (u64)value << 32;
		break;
	case CAPABILITY + PCI_REBAR_CTRL:
		control = (control & ~SIZE_MASK) | (value & SIZE_MASK);
		break;
	}
}

static int rebar_read(struct pci_bus *bus, unsigned int devfn, int where,
		      int size, u32 *value)
{
	int shift = 8 * (where & 3);
	bool ours = false;
	u32 all;

	if (devfn == rebar_devfn) {
		guard(raw_spinlock_irqsave)(&lock);
		ours = shown(where & ~3, &all);
	}
	if (!ours)
		return real_ops->read(bus, devfn, where, size, value);
	*value = (all >> shift) & GENMASK(8 * size - 1, 0);
	return PCIBIOS_SUCCESSFUL;
}

/* The kernel writes these registers whole */
static int rebar_write(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 value)
{
	u32 all;

	if (devfn == rebar_devfn && size == 4) {
		guard(raw_spinlock_irqsave)(&lock);
		take(where, value);
		if (where >= CAPABILITY && shown(where, &all))
			return PCIBIOS_SUCCESSFUL;
	}
	return real_ops->write(bus, devfn, where, size, value);
}

static struct pci_ops rebar_ops = {
	.read	= rebar_read,
	.write	= rebar_write,
};

static int __init rebar_init(void)
{
	struct pci_dev *pdev = vo_find_device();
	u32 low, high;

	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	pci_read_config_dword(pdev, REGISTER, &low);
	pci_read_config_dword(pdev, REGISTER + 4, &high);
	flags = low & ~(u32)PCI_BASE_ADDRESS_MEM_MASK;
	address = low | (u64)high << 32;
	rebar_devfn = pdev->devfn;
	/* Its port is never removed */
	real_ops = pdev->bus->ops;
	pci_bus_set_ops(pdev->bus, &rebar_ops);
	pci_dev_put(pdev);
	return 0;
}
module_init(rebar_init);

MODULE_DESCRIPTION("Gives a device a resizable BAR");
MODULE_LICENSE("GPL");
