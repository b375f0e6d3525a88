// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers for the measuring loop.
 */

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pci.h>
#include <linux/perf/arm_pmuv3.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>
#include <asm/barrier.h>
#include <asm/sysreg.h>

#include "bench.h"

/* The architected counter. At 1 GHz and one instruction per nanosecond, it counts instructions. */
u64 bench_clock(void)
{
	isb();
	return read_sysreg(cntvct_el0);
}

/*
 * Counts the instructions of the kernel in the first event counter, and lets programs read it. The
 * clock also advances while a program waits for a device.
 */
void bench_count_for_programs(void)
{
	write_sysreg(ARMV8_PMU_EXCLUDE_EL0 | ARMV8_PMUV3_PERFCTR_INST_RETIRED, pmevtyper0_el0);
	write_sysreg(BIT(0), pmcntenset_el0);
	write_sysreg(ARMV8_PMU_USERENR_ER, pmuserenr_el0);
	write_sysreg(ARMV8_PMU_PMCR_E, pmcr_el0);
}

static int compare(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	return left < right ? -1 : left > right;
}

void bench_sort(u64 *samples, size_t count)
{
	sort(samples, count, sizeof(*samples), compare, NULL);
}

/* Returns the page of an address in the linear map. */
struct page *bench_page(const void *addr)
{
	return virt_to_page(addr);
}

/* Maps pages into the calling process; returns 0 if there is none, or on errors. */
unsigned long bench_user_memory(unsigned int count)
{
	unsigned long start;

	if (!current->mm)
		return 0;

	start = vm_mmap(NULL, 0, (unsigned long)count << PAGE_SHIFT, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, 0);
	return IS_ERR_VALUE(start) ? 0 : start;
}

void bench_user_memory_gone(unsigned long start, unsigned int count)
{
	vm_munmap(start, (size_t)count << PAGE_SHIFT);
}

/* Maps BAR 0 without requesting the region, which the Rust engine requests. */
void __iomem *bench_registers(struct pci_dev *pdev)
{
	return pci_iomap(pdev, 0, 0);
}

void bench_registers_gone(struct pci_dev *pdev, void __iomem *regs)
{
	pci_iounmap(pdev, regs);
}

/* Writes to the identification register of edu, which ignores it, as a mark in QEMU's trace. */
void bench_mark(void __iomem *regs, u32 number)
{
	writel(number, regs);
}

struct workers {
	int (*work)(void *data);
	void *data;
	/* The number of threads that are not done. */
	atomic_t left;
	struct completion done;
};

static int worker(void *data)
{
	struct workers *workers = data;
	int err = workers->work(workers->data);

	if (atomic_dec_and_test(&workers->left))
		complete(&workers->done);
	return err;
}

/*
 * Calls @work in @count threads, each on its own processor, and returns the time until the last one
 * is done in @ns.
 */
int bench_threads(unsigned int count, int (*work)(void *data), void *data, u64 *ns)
{
	struct workers workers = { .work = work, .data = data, .left = ATOMIC_INIT(count) };
	struct task_struct **tasks;
	unsigned int made;
	int err = 0;
	u64 start;

	if (!count || count > num_online_cpus())
		return -EINVAL;

	tasks = kcalloc(count, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;
	init_completion(&workers.done);

	for (made = 0; made < count; made++) {
		struct task_struct *task;

		task = kthread_create_on_cpu(worker, &workers, made, "bench/%u");
		if (IS_ERR(task)) {
			err = PTR_ERR(task);
			break;
		}
		tasks[made] = get_task_struct(task);
	}

	start = ktime_get_ns();
	if (!err) {
		for (unsigned int i = 0; i < count; i++)
			wake_up_process(tasks[i]);
		wait_for_completion(&workers.done);
	}
	*ns = ktime_get_ns() - start;

	/* Waits for the threads that have begun, and cancels the others. */
	while (made--) {
		int status = kthread_stop_put(tasks[made]);

		if (!err)
			err = status;
	}
	kfree(tasks);
	return err;
}
