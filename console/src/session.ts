// session.ts - the console session, which the person gets by `peripheral-manager console` and which ends with the tab.
import { Failure } from "./wire";

// The code is spent, or not; it is not tried again, so this does not end when the daemon is back.
const UNANSWERED: Failure = {
  code: "no-session", message: "The daemon did not answer, so this page is not yours yet. Run peripheral-manager console again.",
};
const KEY = "pm:session";
const CODE = /^#c=([\w-]{1,128})$/;

export function current(): string | null {
  return sessionStorage.getItem(KEY);
}

export function end(): void {
  sessionStorage.removeItem(KEY);
}

// Exchange the one-time code in the address, if there is one, and take it out of there. What went wrong, or null.
export async function begin(): Promise<Failure | null> {
  const code = CODE.exec(location.hash)?.[1];
  if (!code) return null;
  history.replaceState(null, "", location.pathname);
  const response = await fetch("/console/api/session", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }),
  }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (answer?.ok) sessionStorage.setItem(KEY, answer.bearer);
  return answer?.ok ? null : (answer?.error ?? UNANSWERED);
}
