// SPDX-License-Identifier: GPL-2.0
#include "driver.h"

int watch(struct importer *importer)
{
	return mmu_notifier_register(&importer->notifier, current->mm);
}
