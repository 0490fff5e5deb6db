/** Where a release of the program is at home. Only the one who makes the release knows. */

/** A host that can never exist (RFC 2606), where the tools insist on an address and there is none. */
export const nowhere = 'https://vivarium.invalid';

const { GITHUB_SERVER_URL: server = 'https://github.com', GITHUB_REPOSITORY: repository } = process.env;

/** The project's home page. */
export const home = repository ? `${server}/${repository}` : nowhere;
