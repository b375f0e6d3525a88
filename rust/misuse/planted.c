// SPDX-License-Identifier: GPL-2.0
/*
 * Harmless mistakes that a debugging kernel must report, one at a time:
 *
 *   insmod planted.ko what=NAME
 *
 * They test that the kernel's checkers work, and that the tests find their reports in a log. See
 * scripts/tests/guest/test_planted.py.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static char *what = "";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "Mistake to make");

static int use_after_free(void)
{
	void *memory = kmalloc(64, GFP_KERNEL);

	if (!memory)
		return -ENOMEM;
	kfree(memory);
	/* Hide the use after free from the compiler. */
	OPTIMIZER_HIDE_VAR(memory);
	READ_ONCE(*(u8 *)memory);
	return 0;
}

static int shift_too_far(void)
{
	int bits = 40, result;

	OPTIMIZER_HIDE_VAR(bits);
	result = 1 << bits;
	OPTIMIZER_HIDE_VAR(result);
	return 0;
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static int lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static DEFINE_SPINLOCK(spinlock);

static int sleep_under_spinlock(void)
{
	spin_lock(&spinlock);
	might_sleep();
	spin_unlock(&spinlock);
	return 0;
}

/* Leaks memory. */
static int leak(void)
{
	for (int i = 0; i < 16; i++) {
		void *memory = kmalloc(96, GFP_KERNEL);

		if (!memory)
			return -ENOMEM;
		OPTIMIZER_HIDE_VAR(memory);
	}
	return 0;
}

static int delete_twice(void)
{
	struct list_head list, entry;

	INIT_LIST_HEAD(&list);
	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
	return 0;
}

static int count_from_zero(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
	return 0;
}

static void nothing(struct timer_list *timer)
{
}

static int free_timer(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, nothing, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	/* The debug code stops the timer. */
	kfree(timer);
	return 0;
}

static int warn(void)
{
	WARN(1, "planted");
	return 0;
}

static const struct {
	const char *name;
	int (*make)(void);
	bool is_looked_for;
} mistakes[] = {
	{ "use_after_free", use_after_free, IS_ENABLED(CONFIG_KASAN_GENERIC) },
	{ "shift_too_far", shift_too_far, IS_ENABLED(CONFIG_UBSAN_SHIFT) },
	{ "lock_order", lock_order, IS_ENABLED(CONFIG_PROVE_LOCKING) },
	{ "sleep_under_spinlock", sleep_under_spinlock, IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) },
	{ "leak", leak, IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) },
	{ "delete_twice", delete_twice, IS_ENABLED(CONFIG_DEBUG_LIST) },
	{ "count_from_zero", count_from_zero, true },
	{ "free_timer", free_timer, IS_ENABLED(CONFIG_DEBUG_OBJECTS_TIMERS) },
	{ "warn", warn, true },
};

static int __init planted_init(void)
{
	for (int i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (strcmp(what, mistakes[i].name))
			continue;
		/* This kernel has no checker for the mistake. */
		if (!mistakes[i].is_looked_for) {
			pr_err("this kernel does not look for %s\n", what);
			return -EOPNOTSUPP;
		}
		return mistakes[i].make();
	}
	pr_err("what=%s is no mistake\n", what);
	return -EINVAL;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);

MODULE_AUTHOR("The safe-dma developers");
MODULE_DESCRIPTION("Mistakes that a kernel must report");
MODULE_LICENSE("GPL");
