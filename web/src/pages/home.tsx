import { AccountPage } from '../components/account-page.tsx';
import { Loaded } from '../components/states.tsx';
import { Time } from '../components/time.tsx';
import { useResource } from '../lib/resource.ts';
import { Link } from '../router.tsx';
import { api, auth, useAuth } from '../session.ts';
import { texts } from '../texts.ts';

const own = texts.home;
const { overview } = texts.account;

/** One's own account at a glance, and the way to change each part. */
export function Home() {
  const { access, factors } = useAuth();
  // A change of the level by an admin shows at once.
  const me = useResource(() => api.GET('/me'), `${access} ${factors}`);
  return (
    <AccountPage title={own.title} area="home">
      <Loaded resource={me}>
        {({ name, email, accessName, accessUntil, secondFactor, createdAt }) => (
          <dl class="facts with-links">
            <dt>{own.name}</dt>
            <dd>
              <bdi>{name}</bdi>
            </dd>
            <dd>
              <Link to="name">{overview.changeName}</Link>
            </dd>
            <dt>{own.email}</dt>
            <dd>
              <bdi>{email}</bdi>
            </dd>
            <dd>
              <Link to="email">{overview.changeEmail}</Link>
            </dd>
            <dt>{own.access}</dt>
            <dd>
              <bdi class="badge">{accessName}</bdi>
              {accessUntil !== null && (
                <>
                  {' '}
                  {overview.until} <Time at={accessUntil} />
                </>
              )}
            </dd>
            <dd>
              <Link to="access">{overview.accessDetails}</Link>
            </dd>
            <dt>{overview.secondFactor}</dt>
            <dd>{secondFactor ? overview.isOn : overview.isOff}</dd>
            <dd>
              <Link to={secondFactor ? 'security' : 'app'}>
                {secondFactor ? overview.manage : overview.setUp}
              </Link>
            </dd>
            <dt>{own.since}</dt>
            <dd>
              <Time at={createdAt} precision="day" />
            </dd>
            <dd>
              <Link to="leave">{overview.leave}</Link>
            </dd>
          </dl>
        )}
      </Loaded>
      {auth.can('inviteUser') && (
        <Link to="invite" class="button">
          {texts.invite.link}
        </Link>
      )}
    </AccountPage>
  );
}
