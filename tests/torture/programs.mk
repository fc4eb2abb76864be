# SPDX-License-Identifier: GPL-2.0
# make -f programs.mk TREE=kernel HEADERS=folder OUTPUT=folder: programs for the guest, static
PROGRAMS := torture
HELPERS := $(TREE)/tools/testing/selftests/vma_owner

all: $(addprefix $(OUTPUT)/,$(PROGRAMS))

$(OUTPUT)/%: %.c $(wildcard *.h)
	gcc -O2 -Wall -Werror -static -D_GNU_SOURCE -I. -I$(HELPERS)/.. -I$(TREE)/samples/vma_owner \
		-isystem $(HEADERS) -o $@ $< -lpthread
