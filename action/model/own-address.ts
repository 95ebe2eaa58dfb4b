/** Whether requests go to OpenAI itself, which has tiers of several prices and bills no request that it turns away. */
export function isOpenAiAddress(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl)
  return hostname === 'api.openai.com' || hostname.endsWith('.api.openai.com')
}
