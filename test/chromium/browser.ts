import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from './install.ts';

/** What a browser would look for on the Internet by itself, and what a machine without a screen has not. */
const FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
];

/** How long a page may take for one thing (ms): shorter than a test, so that it is told what did not come. */
const PATIENCE = 15_000;

/** A real browser without a screen: one for each test file. It ends with this process at the latest. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #home: string;

  private constructor(browser: Browser, home: string) {
    this.#browser = browser;
    this.#home = home;
  }

  /**
   * @param names names that lead to this machine, as if DNS said so
   * @throws if there is none, and none can be installed
   */
  static async open(names: readonly string[] = []): Promise<TestBrowser> {
    const executablePath = await findChromium();
    const home = mkdtempSync(join(tmpdir(), 'stepwell-chromium-'));
    try {
      const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(',');
      const browser = await chromium.launch({
        executablePath,
        args: rules === '' ? FLAGS : [...FLAGS, `--host-resolver-rules=${rules}`],
        chromiumSandbox: process.getuid?.() !== 0,
        // Whatever it keeps of its own accord goes there.
        env: { ...process.env, HOME: home, TMPDIR: home },
      });
      return new TestBrowser(browser, home);
    } catch (error) {
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  /** An empty page with cookies and storage of its own. Close it by its context. */
  async page(): Promise<Page> {
    const context = await this.#browser.newContext();
    context.setDefaultTimeout(PATIENCE);
    return context.newPage();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    rmSync(this.#home, { recursive: true, force: true });
  }
}
