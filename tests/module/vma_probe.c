// SPDX-License-Identifier: GPL-2.0
/*
 * An importer outside the kernel tree. Loading it pins @len bytes at @addr of
 * the process that loads it, says what the memory is and lets go; what the pin
 * answered is what finit_module() returns.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/vma_owner.h>

static unsigned long addr;
module_param(addr, ulong, 0);
MODULE_PARM_DESC(addr, "user address");

static unsigned long len = PAGE_SIZE;
module_param(len, ulong, 0);
MODULE_PARM_DESC(len, "length in bytes");

static const struct vma_pin_client vma_probe_client = {
	.name = "vma_probe",
};

static int __init vma_probe_init(void)
{
	struct vma_pin pin;
	int ret;

	ret = vma_pin_user(&pin, addr, len, 0, &vma_probe_client);
	if (ret)
		return ret;
	pr_info("%#lx+%zu is %s memory\n", pin.start, pin.len,
		vma_pin_is_owned(&pin) ? "owned" : "ordinary");
	vma_unpin(&pin);
	return 0;
}
module_init(vma_probe_init);

static void __exit vma_probe_exit(void)
{
}
module_exit(vma_probe_exit);

MODULE_DESCRIPTION("Pin memory of the process that loads the module");
MODULE_LICENSE("GPL");
