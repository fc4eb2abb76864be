// SPDX-License-Identifier: GPL-2.0
/*
 * The same importers, ported. Neither asks what is mapped there.
 */
#include <linux/err.h>
#include <linux/string.h>
#include <linux/vma_owner.h>

#include "vo_port.h"

static int port_fill_between(struct vma_pin *pin, int byte)
{
	int ret = vma_pin_sync_for_cpu(pin);

	if (ret)
		return ret;
	memset(vma_pin_vaddr(pin), byte, PAGE_SIZE);
	return vma_pin_sync_for_device(pin);
}

static void port_unpin(struct port *port)
{
	vma_unpin(&port->pin);
}

/* ---- what looked for dma-bufs by name: static ---- */

static const struct vma_pin_client port_client = {
	.name = "vo_port",
};

static int port_get_static(struct port *port, unsigned long addr)
{
	void *vaddr;
	int ret;

	ret = vma_pin_user(&port->pin, addr, PAGE_SIZE, VMA_PIN_WRITE,
			   &port_client);
	if (ret)
		return ret;
	vaddr = vma_pin_vmap_unlocked(&port->pin, DMA_TO_DEVICE);
	if (IS_ERR(vaddr))
		vma_unpin(&port->pin);
	return PTR_ERR_OR_ZERO(vaddr);
}

static int port_fill_static(struct port *port, int byte)
{
	return port_fill_between(&port->pin, byte);
}

const struct port_ops port_pin = {
	.get	= port_get_static,
	.fill	= port_fill_static,
	.put	= port_unpin,
};

/* ---- what walked page tables: takes memory that is revoked as well ---- */

static void port_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	/* A device would be stopped here; the mapping is undone by the core */
}

static const struct vma_pin_client port_revocable_client = {
	.name		= "vo_port-revocable",
	.invalidate	= port_invalidate,
};

static int port_get_revocable(struct port *port, unsigned long addr)
{
	return vma_pin_user(&port->pin, addr, PAGE_SIZE, VMA_PIN_WRITE,
			    &port_revocable_client);
}

static int port_map_again(struct vma_pin *pin)
{
	void *vaddr;
	int ret;

	ret = vma_pin_lock(pin);
	if (ret)
		return ret;
	vaddr = vma_pin_vaddr(pin) ?: vma_pin_vmap(pin, DMA_TO_DEVICE);
	vma_pin_unlock(pin);
	return PTR_ERR_OR_ZERO(vaddr);
}

static int port_fill_revocable(struct port *port, int byte)
{
	int ret = port_map_again(&port->pin);

	if (ret)
		return ret;
	if (!vma_pin_enter(&port->pin))
		return -ENODEV;
	ret = port_fill_between(&port->pin, byte);
	vma_pin_exit(&port->pin);
	return ret;
}

const struct port_ops port_pin_revocable = {
	.get	= port_get_revocable,
	.fill	= port_fill_revocable,
	.put	= port_unpin,
};
