// SPDX-License-Identifier: GPL-2.0
/*
 * A module that pins by the calls of the API where there is none, by what
 * tests/port-check/run --compat takes out of Documentation/mm/vma_owner-porting.rst.
 */
#undef CONFIG_VMA_OWNER
#include "porting.h"
#include <linux/module.h>

static const struct vma_pin_client without_client = { .name = "without_api" };

/* Exported so that all of it is compiled */
int without_api_pin(struct vma_pin *pin, struct device *dev,
		    unsigned long start, size_t len);
int without_api_pin(struct vma_pin *pin, struct device *dev,
		    unsigned long start, size_t len)
{
	struct sg_table *sgt;
	int ret = vma_pin_user(pin, start, len, VMA_PIN_WRITE, &without_client);

	if (ret)
		return ret;
	if (vma_pin_is_owned(pin) || !vma_pin_still_there(pin)) {
		vma_unpin(pin);
		return -EINVAL;
	}
	sgt = vma_pin_map_dma_unlocked(pin, dev, DMA_FROM_DEVICE);
	if (IS_ERR(sgt)) {
		vma_unpin(pin);
		return PTR_ERR(sgt);
	}
	return vma_pin_sync_for_device(pin);
}
EXPORT_SYMBOL_GPL(without_api_pin);

MODULE_DESCRIPTION("An importer on a kernel without VMA owners");
MODULE_LICENSE("GPL");
