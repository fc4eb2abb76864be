// SPDX-License-Identifier: GPL-2.0
/*
 * Gives a PCI device of QEMU the capability of Advanced Features, which none has, with
 * an FLR. To ask for that here does nothing: it is for vfio-pci, which resets the device
 * by other means when its user asks. It stays loaded.
 */
#include <linux/bits.h>

#include "vo_device.h"

/* Where QEMU's nvme has nothing, behind all of its capabilities */
#define CAPABILITY	0xf0
#define FEATURES	(PCI_AF_CAP_TP | PCI_AF_CAP_FLR)
#define HEADER		(PCI_CAP_ID_AF | PCI_CAP_AF_SIZEOF << 16 | FEATURES << 24)
#define MOST		48

static struct pci_ops *real_ops;
static unsigned int af_devfn;
static int last;		/* of its capabilities, which this one follows */

static u32 shown(int where, u32 real)
{
	switch (where) {
	case CAPABILITY:
		return HEADER;
	case CAPABILITY + PCI_AF_CTRL:
		return 0;
	}
	return where == last ? (real & ~0xff00) | CAPABILITY << 8 : real;
}

static bool is_ours(unsigned int devfn, int where)
{
	return devfn == af_devfn &&
	       (where == last || where == CAPABILITY ||
		where == CAPABILITY + PCI_AF_CTRL);
}

static int af_read(struct pci_bus *bus, unsigned int devfn, int where, int size,
		   u32 *value)
{
	u32 all;
	int ret;

	if (!is_ours(devfn, where & ~3))
		return real_ops->read(bus, devfn, where, size, value);
	ret = real_ops->read(bus, devfn, where & ~3, 4, &all);
	*value = (shown(where & ~3, all) >> (8 * (where & 3))) &
		 GENMASK(8 * size - 1, 0);
	return ret;
}

static struct pci_ops af_ops = {
	.read = af_read,
};

static int find_last(struct pci_dev *pdev)
{
	u8 at, next;
	int i;

	pci_read_config_byte(pdev, PCI_CAPABILITY_LIST, &at);
	for (i = 0; at && i < MOST; i++) {
		pci_read_config_byte(pdev, at + PCI_CAP_LIST_NEXT, &next);
		if (!next)
			return at;
		at = next;
	}
	return -ENODEV;
}

static int __init af_init(void)
{
	struct pci_dev *pdev = vo_find_device();

	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	last = find_last(pdev);
	if (last >= 0) {
		af_devfn = pdev->devfn;
		/* Its port is never removed */
		real_ops = pdev->bus->ops;
		af_ops.write = real_ops->write;
		pci_bus_set_ops(pdev->bus, &af_ops);
	}
	pci_dev_put(pdev);
	return min(last, 0);
}
module_init(af_init);

MODULE_DESCRIPTION("Gives a device an FLR by Advanced Features");
MODULE_LICENSE("GPL");
