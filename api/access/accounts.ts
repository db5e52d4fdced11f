// Who people and scripts are, as the api asks for it. Names, passwords and tokens are kept elsewhere; who starts the api hands this in.

/** Each may do what the one before may: look, operate the city, look after the platform. */
export const ACCESS_ROLES = ['viewer', 'operator', 'admin'] as const;
export type AccessRole = (typeof ACCESS_ROLES)[number];

export interface Person {
  readonly name: string;
  readonly role: AccessRole;
}

export interface Accounts {
  /** @throws with `retryAfterS` when it cannot be said now, or somebody guesses */
  login(name: string, password: string, address: string): Promise<Person | undefined>;
  /** Who a token stands for. */
  bearer(token: string): Promise<Person | undefined>;
  /** False when somebody was changed or taken away since, or their token has ended. */
  isCurrent(person: Person): boolean;
  onChange(listener: () => void): void;
}

export interface AccessOptions {
  /** Absent: nobody can log in. */
  readonly accounts?: Accounts;
  /** What everyone may do who has not said who they are; absent: nothing. */
  readonly everyone?: AccessRole;
}

export function mayDo(person: Person, needed: AccessRole): boolean {
  return ACCESS_ROLES.indexOf(person.role) >= ACCESS_ROLES.indexOf(needed);
}
