// A person at a page in Chromium: drive.mjs URL, then one line of standard input for each act. Writes each text of #state as a line.
//   fill SELECTOR VALUE, press SELECTOR, close
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--ignore-certificate-errors'],
})
const page = await browser.newPage()
page.on('console', (message) => console.log(`console: ${message.text()}`))
page.on('pageerror', (error) => console.log(`error: ${error.message}`))
await page.exposeFunction('tell', (text) => console.log(`state: ${text}`))
await page.goto(process.argv[2])
await page.evaluate(() => new MutationObserver(() => window.tell(document.getElementById('state').textContent))
  .observe(document.getElementById('state'), { childList: true, characterData: true, subtree: true }))
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [act, selector, value] = line.split(' ')
  if (act === 'fill') await page.fill(selector, value)
  if (act === 'press') await page.click(selector)
  if (act === 'close') break
}
await browser.close()
console.log('closed')
setInterval(() => {}, 1000)
