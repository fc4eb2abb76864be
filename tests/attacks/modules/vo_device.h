/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VO_DEVICE_H
#define _VO_DEVICE_H

#include <linux/module.h>
#include <linux/pci.h>

static char *device;
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "which one, as 0000:01:00.0");

/* With a reference */
static struct pci_dev *vo_find_device(void)
{
	unsigned int domain, bus, slot, function;
	struct pci_dev *pdev;

	if (!device || sscanf(device, "%x:%x:%x.%x", &domain, &bus, &slot,
			      &function) != 4)
		return ERR_PTR(-EINVAL);
	pdev = pci_get_domain_bus_and_slot(domain, bus,
					   PCI_DEVFN(slot, function));
	return pdev ?: ERR_PTR(-ENODEV);
}

#endif
