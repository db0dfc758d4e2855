/* A library that a fake plugin needs and that the loader will not find.
 *
 * SPDX-License-Identifier: Apache-2.0 */
int ritz_test_absent(void);
int ritz_test_absent(void)
{
    return 1;
}
