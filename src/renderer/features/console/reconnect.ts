/** When to try again after the connection to a screen was lost, in milliseconds; then a person is asked. */
const delays = [200, 1000, 3000];

/** Waiting time before try number `attempt` (from 0), or undefined when it is time to give up. */
export function reconnectDelay(attempt: number): number | undefined {
  return delays[attempt];
}
