// SPDX-License-Identifier: GPL-2.0
#include "half.h"

const struct vm_operations_struct half_vm_ops = {
	.owner_ops	= &half_owner_ops,
};
