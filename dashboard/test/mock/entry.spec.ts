import { card, expect, test } from './home';

test.describe('claim', () => {
  test.beforeEach(({ home }) => {
    home.world.claimed = false;
  });

  test('the link brings the code, and the code leaves the address', async ({ page, home }) => {
    await page.goto(`${home.server.url}/claim#${home.world.claimCode}`);
    await expect(page.getByLabel('Claim code')).toHaveValue(home.world.claimCode);
    expect(page.url()).toBe(`${home.server.url}/claim`);
    await page.getByLabel('Home name').fill('Mill House');
    await page.getByLabel('Your name').fill('Ben');
    await page.getByLabel('Password').fill('plain words at home');
    await page.getByRole('button', { name: 'Claim this gateway' }).click();
    await expect(card(page, 'Hall light')).toBeVisible();
    await expect(page).toHaveTitle('Mill House · Gatehouse');
    await expect(page.getByText('Ben', { exact: true })).toBeVisible();
    expect(new URL(page.url()).pathname).toBe('/');
  });

  test('every path leads here, and what is wrong is said where it is wrong', async ({ page, home }) => {
    await page.goto(`${home.server.url}/rooms`);
    await expect(page).toHaveURL(/\/claim$/);
    await page.getByLabel('Claim code').fill('WRONG');
    await page.getByLabel('Home name').fill('Mill House');
    await page.getByLabel('Your name').fill('Ben');
    const password = page.getByLabel('Password');
    const submit = page.getByRole('button', { name: 'Claim this gateway' });

    await password.fill('short');
    await submit.click();
    await expect(password).toHaveAccessibleDescription('3 more characters, please.');

    await password.fill('long enough');
    await submit.click();
    await expect(page.getByLabel('Claim code')).toHaveAccessibleDescription(/wrong or has expired/);

    home.world.attemptsLeft = 0;
    await submit.click();
    await expect(page.getByRole('alert')).toHaveText('Too many attempts. Try again in 12 s.');

    home.world.claimed = true;
    await submit.click();
    await expect(page.getByRole('alert')).toContainText('already been claimed');
    await page.getByRole('button', { name: 'Go to sign-in' }).click();
    await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  });

  test('the password is judged while it is typed, and by the gateway alone', async ({ page, home }) => {
    await page.goto(`${home.server.url}/claim#${home.world.claimCode}`);
    await page.getByLabel('Home name').fill('Mill House');
    await page.getByLabel('Your name').fill('Ben');
    const password = page.getByLabel('Password');
    await password.fill('shorty');
    await expect(password).toHaveAccessibleDescription('2 more characters');
    await password.fill('mill house at the river');
    await expect(password).toHaveAccessibleDescription(/easily guessed/);
    await expect(page.getByRole('status')).toHaveText(/Add another word/);
    await page.getByRole('button', { name: 'Claim this gateway' }).click();
    await expect(password).toHaveAttribute('aria-invalid', 'true');
    expect(home.world.claimed).toBe(false);
    await password.fill('plain words at home');
    await expect(page.getByRole('status')).toHaveText('Very hard to guess.');

    const attempts = home.world.attemptsLeft;
    await page.getByLabel('Claim code').fill('WRONG');
    await password.fill('plain words at home!');
    await expect.poll(() => home.world.attemptsLeft, 'a wrong code is an attempt').toBe(attempts - 1);
    await password.fill('plain words at home!!');
    await page.getByLabel('Claim code').fill(home.world.claimCode);
    await expect(page.getByRole('status')).toHaveText('Very hard to guess.');
    expect(home.world.attemptsLeft, 'and is not tried again').toBe(attempts - 1);
  });

  test('the password can be looked at', async ({ page, home }) => {
    await page.goto(`${home.server.url}/claim`);
    const password = page.getByLabel('Password');
    await expect(password).toHaveAttribute('type', 'password');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(password).toHaveAttribute('type', 'text');
  });
});

test.describe('sign-in', () => {
  test('a wrong password, too many, then in, and out again', async ({ page, home }) => {
    await page.goto(`${home.server.url}/devices`);
    await expect(page).toHaveURL(/\/sign-in$/);
    await page.getByLabel('Your name').fill('Ana');
    await page.getByLabel('Password').fill('wrong');
    const submit = page.getByRole('button', { name: 'Sign in' });
    await submit.click();
    await expect(page.getByRole('alert')).toHaveText('This name and password do not go together.');
    home.world.attemptsLeft = 0;
    await submit.click();
    await expect(page.getByRole('alert')).toContainText('Try again in 12 s');
    home.world.attemptsLeft = 1;
    await page.getByLabel('Password').fill(home.world.person.password);
    await submit.click();
    await expect(card(page, 'Hall light')).toBeVisible();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
    expect(home.world.sessions.size).toBe(0);
  });

  test('a gateway that cannot be reached is said so, and tried again', async ({ page, home }) => {
    await page.route('**/graphql', (route) => route.abort());
    await page.goto(home.server.url);
    await expect(page.getByText('The gateway cannot be reached. Still trying…')).toBeVisible();
    await page.unroute('**/graphql');
    await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  });
});
