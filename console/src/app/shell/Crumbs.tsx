// Where the page stands, from the `crumb` of each route above it. Used by the top bar.
import { Breadcrumb } from '@chakra-ui/react';
import { Link, useMatches } from '@tanstack/react-router';
import { Fragment } from 'react';

export function Crumbs() {
  const matches = useMatches();
  const crumbs = matches.flatMap((match) => {
    const { crumb } = match.staticData;
    if (!crumb) return [];
    const label = typeof crumb === 'string' ? crumb : crumb(match.params as Record<string, string>);
    return [{ label, path: match.pathname }];
  });
  return (
    <Breadcrumb.Root aria-label="Breadcrumbs" minW="0" overflow="hidden">
      <Breadcrumb.List flexWrap="nowrap">
        {crumbs.map(({ label, path }, index) => (
          <Fragment key={path + label}>
            {index > 0 && <Breadcrumb.Separator />}
            <Breadcrumb.Item minW="0" hideBelow={index < crumbs.length - 1 ? 'md' : undefined}>
              {index === crumbs.length - 1 ? (
                <Breadcrumb.CurrentLink truncate>{label}</Breadcrumb.CurrentLink>
              ) : (
                <Breadcrumb.Link asChild>
                  <Link to={path}>{label}</Link>
                </Breadcrumb.Link>
              )}
            </Breadcrumb.Item>
          </Fragment>
        ))}
      </Breadcrumb.List>
    </Breadcrumb.Root>
  );
}
