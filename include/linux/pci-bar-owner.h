/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Of drivers/pci/bar-owner.c, what is not for the PCI core alone.
 */
#ifndef _LINUX_PCI_BAR_OWNER_H
#define _LINUX_PCI_BAR_OWNER_H

struct resource;

#ifdef CONFIG_PCI_BAR_OWNER
void pci_bar_owner_claimed(const struct resource *res);
#else
static inline void pci_bar_owner_claimed(const struct resource *res)
{
}
#endif

#endif /* _LINUX_PCI_BAR_OWNER_H */
